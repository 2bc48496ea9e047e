// This browser's key, and the proof that it signs.

interface Claim {
  readonly client: { readonly id: string; readonly mode: string };
  readonly role: string;
  readonly scopes: readonly string[];
  readonly nonce: string;
  readonly token: string;
}

let pair: Promise<CryptoKeyPair> | null = null;

function keys(): Promise<CryptoKeyPair> {
  pair ??= crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']) as Promise<CryptoKeyPair>;
  return pair;
}

function base64url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Signs what connects, as `device` of the connect params. */
export async function deviceProof(claim: Claim): Promise<object> {
  const { publicKey, privateKey } = await keys();
  const raw = await crypto.subtle.exportKey('raw', publicKey);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', raw));
  const id = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const signedAt = Date.now();
  const { client, role, scopes, token, nonce } = claim;
  const payload = ['v2', id, client.id, client.mode, role, scopes.join(','), signedAt, token, nonce].join('|');
  const signature = await crypto.subtle.sign('Ed25519', privateKey, new TextEncoder().encode(payload));
  return { id, publicKey: base64url(raw), signature: base64url(signature), signedAt, nonce };
}
