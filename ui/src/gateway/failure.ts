// Why there is no connection, in words that the machine, the error map and the screens share.

/** Which credential a connect carried. */
export type CredentialKind = 'none' | 'device' | 'typed' | 'link' | 'setup-code';

/** Why there is no connection. */
export interface Failure {
  /** `details.code` of the refusal, the error's own code, or a name of ours for what never reached the gateway. */
  readonly code: string;
  /** What the gateway said. */
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly closeCode?: number | undefined;
  /** Which credential was refused. */
  readonly used?: CredentialKind | undefined;
  /** The gateway asked to wait this long. */
  readonly retryAfterMs?: number | undefined;
  readonly retryable?: boolean | undefined;
  /** When the request of this browser is over, by its own clock. */
  readonly expiresAt?: number | undefined;
  /** What a plain request to the gateway got, once it was tried. */
  readonly http?: 'answers' | 'silent' | undefined;
}

/** Names of ours for what no gateway says. */
export const OWN = {
  /** The page is plain HTTP under a name that others can listen to; nothing was sent yet. */
  unencrypted: 'UNENCRYPTED',
  /** `https` page, `ws:` target. */
  mixedContent: 'MIXED_CONTENT',
  /** The socket closed before it was open. */
  neverOpened: 'NEVER_OPENED',
  /** Open, but no challenge came, or something else did. */
  notAGateway: 'NOT_A_GATEWAY',
  /** An open socket closed, or bytes stopped. */
  closed: 'CLOSED',
  silent: 'SILENT',
  restarting: 'RESTARTING',
  slowConsumer: 'SLOW_CONSUMER',
  authChanged: 'AUTH_CHANGED',
  revoked: 'DEVICE_REVOKED',
  rejected: 'PAIRING_REJECTED',
  /** The page could not make or use its key. */
  keyFailed: 'KEY_FAILED',
} as const;
