// Setup codes: one line of text that lets one device in. Made by the gateway (`openclaw qr`, Devices), read here.

import { normalize } from './gateway-address';

export interface SetupCode {
  /** Addresses in the order in which to try them. */
  readonly urls: readonly string[];
  readonly bootstrapToken: string;
  readonly expiresAtMs: number | null;
}

const MOST_CHARACTERS = 8192;

/** Reads a code in either form, `oc-pair://…` or bare. `null`: it is none. White space is ignored: codes get wrapped. */
export function parseSetupCode(text: string): SetupCode | null {
  if (text.length > 2 * MOST_CHARACTERS) return null;
  const bare = text.replace(/\s+/g, '').replace(/^oc-pair:\/\//i, '').replace(/[/=]+$/, '');
  // JSON in base64url begins with `eyJ`: a shared token that does too is not JSON further on.
  if (bare.length < 24 || bare.length > MOST_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(bare) || !bare.startsWith('eyJ')) return null;
  try {
    const bytes = Uint8Array.from(atob(bare.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value !== 'object' || value === null) return null;
    const { url, urls, bootstrapToken, expiresAtMs } = value as Record<string, unknown>;
    if (typeof url !== 'string' || typeof bootstrapToken !== 'string' || !/^[A-Za-z0-9_-]{16,256}$/.test(bootstrapToken)) return null;
    const named = (Array.isArray(urls) ? urls : []).filter((entry): entry is string => typeof entry === 'string');
    const all = [...new Set(named.includes(url) ? named : [url, ...named])].filter((entry) => /^wss?:\/\//i.test(entry)).map(normalize).filter((entry) => entry !== null);
    if (all.length === 0) return null;
    return { urls: all, bootstrapToken, expiresAtMs: typeof expiresAtMs === 'number' ? expiresAtMs : null };
  } catch {
    return null;
  }
}
