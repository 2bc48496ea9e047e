// The error map: which failure is which problem, and whether the page may try again by itself.

import { OWN } from './failure';
import type { Failure } from './failure';

export type Problem =
  | 'signIn'
  | 'notAccepted'
  | 'passwordNeeded'
  | 'passwordNotAccepted'
  | 'setupCode'
  | 'notConfigured'
  | 'pairing'
  | 'rejected'
  | 'revoked'
  | 'noIdentity'
  | 'unencrypted'
  | 'origin'
  | 'versions'
  | 'clock'
  | 'key'
  | 'identity'
  | 'rateLimited'
  | 'restarting'
  | 'unreachable'
  | 'blockedSocket'
  | 'notAGateway'
  | 'lost'
  | 'mixedContent'
  | 'slowConsumer'
  | 'busy'
  | 'unknown';

/**
 * `retries`: the page tries again by itself. `waits`: only a person can mend it. `pairs`: waits for somebody else, and
 * looks again. `gives-up`: tried again a few times, then it waits for a person.
 */
export type Way = 'retries' | 'waits' | 'pairs' | 'gives-up';

interface Row {
  /** Row of the design's table. */
  readonly row: string;
  readonly problem: Problem;
  readonly way: Way;
  /** Codes; one that ends in `*` is a prefix. */
  readonly codes?: readonly string[];
  /** Texts of gateways that send no code. */
  readonly texts?: readonly RegExp[];
  readonly closes?: readonly number[];
  readonly when?: (failure: Failure) => boolean;
}

/** In order: a code decides before a text, a text before a close code. */
export const ERROR_MAP: readonly Row[] = [
  { row: 'E1', problem: 'signIn', way: 'waits', codes: ['AUTH_TOKEN_MISSING', 'AUTH_REQUIRED'], texts: [/^unauthorized: gateway token missing/] },
  { row: 'E3', problem: 'passwordNeeded', way: 'waits', codes: ['AUTH_PASSWORD_MISSING'], texts: [/^unauthorized: gateway password missing/] },
  { row: 'E3', problem: 'passwordNotAccepted', way: 'waits', codes: ['AUTH_PASSWORD_MISMATCH'], texts: [/^unauthorized:.*password mismatch/] },
  {
    row: 'E2',
    problem: 'notAccepted',
    way: 'waits',
    codes: ['AUTH_TOKEN_MISMATCH', 'AUTH_DEVICE_TOKEN_MISMATCH'],
    texts: [/^unauthorized:.*token mismatch/],
  },
  { row: 'E2', problem: 'setupCode', way: 'waits', codes: ['AUTH_BOOTSTRAP_TOKEN_INVALID'], texts: [/^unauthorized: setup code/, /bootstrap token/] },
  { row: 'E1', problem: 'notConfigured', way: 'waits', codes: ['AUTH_TOKEN_NOT_CONFIGURED', 'AUTH_PASSWORD_NOT_CONFIGURED'], texts: [/not configured on gateway/] },
  { row: 'E4', problem: 'pairing', way: 'pairs', codes: ['PAIRING_REQUIRED'], texts: [/^pairing required/] },
  { row: 'E4', problem: 'rejected', way: 'waits', codes: [OWN.rejected], texts: [/^pairing rejected/] },
  { row: 'E4', problem: 'revoked', way: 'waits', codes: [OWN.revoked], texts: [/^device (revoked|removed)/] },
  {
    row: 'E5',
    problem: 'noIdentity',
    way: 'waits',
    codes: ['CONTROL_UI_DEVICE_IDENTITY_REQUIRED', 'DEVICE_IDENTITY_REQUIRED'],
    texts: [/^control ui requires/, /^device identity required/],
  },
  { row: 'E6', problem: 'unencrypted', way: 'waits', codes: [OWN.unencrypted] },
  { row: 'E7', problem: 'origin', way: 'waits', codes: ['CONTROL_UI_ORIGIN_NOT_ALLOWED'], texts: [/^origin (not allowed|missing)/] },
  { row: 'E8', problem: 'versions', way: 'waits', codes: ['PROTOCOL_MISMATCH'], texts: [/^protocol mismatch/], closes: [1002] },
  { row: 'E9', problem: 'clock', way: 'waits', codes: ['DEVICE_AUTH_SIGNATURE_EXPIRED'], texts: [/^device signature expired/] },
  {
    row: 'E10',
    problem: 'key',
    way: 'waits',
    codes: ['DEVICE_AUTH_*', OWN.keyFailed],
    texts: [/^device nonce/, /^device signature invalid/, /^device identity mismatch/, /^device public key/],
  },
  {
    row: 'E11',
    problem: 'identity',
    way: 'waits',
    codes: ['AUTH_TAILSCALE_*', 'AUTH_IDENTITY_HEADER_REQUIRED', 'AUTH_UNAUTHORIZED'],
    texts: [/^unauthorized: tailscale/, /^unauthorized: trusted.proxy/],
  },
  {
    row: 'E12',
    problem: 'rateLimited',
    way: 'retries',
    codes: ['AUTH_RATE_LIMITED'],
    texts: [/too many failed authentication attempts/, /^too many/],
  },
  { row: 'E13', problem: 'restarting', way: 'retries', codes: [OWN.restarting], texts: [/^service restart/, /^gateway (stopping|restarting|draining)/], closes: [1012] },
  { row: 'E15', problem: 'blockedSocket', way: 'retries', codes: [OWN.neverOpened], when: (failure) => failure.http === 'answers' },
  { row: 'E14', problem: 'unreachable', way: 'retries', codes: [OWN.neverOpened] },
  { row: 'E15', problem: 'notAGateway', way: 'gives-up', codes: [OWN.notAGateway] },
  { row: 'E17', problem: 'mixedContent', way: 'waits', codes: [OWN.mixedContent] },
  { row: 'E18', problem: 'slowConsumer', way: 'retries', codes: [OWN.slowConsumer], texts: [/^slow consumer/] },
  { row: 'E16', problem: 'lost', way: 'retries', codes: [OWN.closed, OWN.silent, OWN.authChanged], closes: [1001, 1005, 1006, 4000, 4001] },
  { row: 'E21', problem: 'busy', way: 'retries', codes: ['UNAVAILABLE', 'GATEWAY_UNAVAILABLE'], closes: [1013], when: (failure) => failure.retryable !== false },
];

const UNKNOWN: Row = { row: 'E21', problem: 'unknown', way: 'gives-up' };

/** The row of a failure. */
export function rowOf(failure: Failure): Row {
  const fits = (row: Row) => row.when?.(failure) ?? true;
  const code = ({ codes }: Row) =>
    codes?.some((code) => (code.endsWith('*') ? failure.code.startsWith(code.slice(0, -1)) : code === failure.code)) ?? false;
  const text = ({ texts }: Row) => texts?.some((text) => text.test(failure.message)) ?? false;
  const close = ({ closes }: Row) => failure.closeCode !== undefined && (closes?.includes(failure.closeCode) ?? false);
  return (
    ERROR_MAP.find((row) => code(row) && fits(row)) ??
    ERROR_MAP.find((row) => text(row) && fits(row)) ??
    ERROR_MAP.find((row) => close(row) && fits(row)) ??
    UNKNOWN
  );
}

export function problemOf(failure: Failure): Problem {
  return rowOf(failure).problem;
}

const SECRET = /token|password|secret|signature|nonce|private/i;
const HARMLESS = /^(canRetryWithDeviceToken|code|authReason|reason|recommendedNextStep)$/;

/** A failure as text for people who help: no token, no signature. */
export function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      SECRET.test(key) && !HARMLESS.test(key) && typeof member !== 'boolean' ? '[redacted]' : redacted(member),
    ]),
  );
}
