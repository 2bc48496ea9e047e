// What this browser keeps to be let in again: tokens of its own per gateway, and, until it is paired, the typed secret of
// this tab.

import { readObject, writeItem } from './storage';

const PREFIX = 'openclaw.device.auth.v1';
const SECRET_PREFIX = 'openclaw.secret.v1';

export interface DeviceToken {
  readonly token: string;
  readonly scopes: readonly string[];
}

export interface Secret {
  readonly token?: string;
  readonly password?: string;
}

const inMemory = new Map<string, Readonly<Record<string, unknown>>>();

function recordOf(value: Readonly<Record<string, unknown>> | null, deviceId: string): DeviceToken | null {
  const tokens = value?.['deviceId'] === deviceId ? value['tokens'] : null;
  const entry = typeof tokens === 'object' && tokens !== null ? (tokens as Record<string, unknown>)['operator'] : null;
  if (typeof entry !== 'object' || entry === null) return null;
  const { token, scopes } = entry as Record<string, unknown>;
  if (typeof token !== 'string' || token === '') return null;
  return { token, scopes: Array.isArray(scopes) ? scopes.filter((scope): scope is string => typeof scope === 'string') : [] };
}

/** The token that a gateway gave this device. `own`: the page's own gateway also looks at what an older page kept. */
export function deviceToken(gateway: string, deviceId: string, own: boolean): DeviceToken | null {
  const key = `${PREFIX}:${gateway}`;
  return (
    recordOf(inMemory.get(key) ?? readObject('local', key), deviceId) ?? (own ? recordOf(readObject('local', PREFIX), deviceId) : null)
  );
}

export function keepDeviceToken(gateway: string, deviceId: string, token: string, scopes: readonly string[], remember: boolean): void {
  const key = `${PREFIX}:${gateway}`;
  const record = { version: 1, deviceId, tokens: { operator: { token, role: 'operator', scopes, updatedAtMs: Date.now() } } };
  // A store that is closed costs signing in again, nothing else.
  if (!remember || !writeItem('local', key, JSON.stringify(record))) inMemory.set(key, record);
  else inMemory.delete(key);
}

export function forgetDeviceToken(gateway: string, own: boolean): void {
  inMemory.delete(`${PREFIX}:${gateway}`);
  writeItem('local', `${PREFIX}:${gateway}`, null);
  if (own) writeItem('local', PREFIX, null);
}

const secrets = new Map<string, Secret>();

/** The shared secret, kept for this tab until the gateway has given a token. */
export function keepSecret(gateway: string, secret: Secret): void {
  secrets.set(gateway, secret);
  writeItem('session', `${SECRET_PREFIX}:${gateway}`, JSON.stringify(secret));
}

export function secretOf(gateway: string): Secret | null {
  const known = secrets.get(gateway);
  if (known) return known;
  const stored = readObject('session', `${SECRET_PREFIX}:${gateway}`);
  if (typeof stored?.['token'] === 'string') return { token: stored['token'] };
  return typeof stored?.['password'] === 'string' ? { password: stored['password'] } : null;
}

export function forgetSecret(gateway: string): void {
  secrets.delete(gateway);
  writeItem('session', `${SECRET_PREFIX}:${gateway}`, null);
}
