// What a device signs to prove itself.

export interface ProofClaim {
  readonly deviceId: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly signedAt: number;
  /** The token that goes with the connect; empty for none or a password. */
  readonly token: string;
  readonly nonce: string;
  readonly platform: string;
}

/** Generation 2 is what every gateway reads; generation 3 also binds the platform. */
export function proofPayload(version: 2 | 3, claim: ProofClaim): string {
  const { deviceId, clientId, clientMode, role, scopes, signedAt, token, nonce, platform } = claim;
  const fields = [`v${version}`, deviceId, clientId, clientMode, role, scopes.join(','), String(signedAt), token, nonce];
  return (version === 2 ? fields : [...fields, platform.trim().toLowerCase(), '']).join('|');
}
