// What the page was opened with: credentials and wishes in the address, which `boot.js` has taken out of it already.

import { normalize } from './gateway-address';
import type { AccessLevel } from './access-level';
import { isAccessLevel } from './access-level';
import { parseSetupCode } from './setup-code';

export interface LaunchCredential {
  readonly token?: string;
  readonly password?: string;
  readonly bootstrapToken?: string;
}

export interface LaunchWishes {
  readonly credential: LaunchCredential | null;
  /** A secret stood in the query, which servers and proxies log. */
  readonly inQuery: boolean;
  /** Another gateway was named; it is asked about before it is used. */
  readonly gatewayUrl: string | null;
  /** The named gateway is no address. */
  readonly badGatewayUrl: string | null;
  readonly access: AccessLevel | null;
  /** Stored settings are left alone this time. */
  readonly safe: boolean;
}

/** Reads fragment and query (with their first character). */
export function parseLaunch(hash: string, search: string): LaunchWishes {
  const fragment = new URLSearchParams(hash.replace(/^#/, ''));
  const query = new URLSearchParams(search);
  const pick = (name: string) => value(fragment, name) ?? value(query, name);
  const setup = pick('setupCode') ?? (hash.length > 24 && !hash.includes('=') ? hash.slice(1) : null);
  const code = setup === null ? null : parseSetupCode(setup);
  const credential: LaunchCredential = {
    ...member('token', pick('token')),
    ...member('password', pick('password')),
    ...member('bootstrapToken', code?.bootstrapToken ?? value(fragment, 'bootstrapToken')),
  };
  const url = code?.urls[0] ?? pick('gatewayUrl');
  const gatewayUrl = url === null || url === undefined ? null : normalize(url);
  const access = query.get('access');
  return {
    credential: Object.keys(credential).length > 0 ? credential : null,
    inQuery: value(query, 'token') !== null || value(query, 'password') !== null,
    gatewayUrl,
    badGatewayUrl: url && gatewayUrl === null ? url : null,
    access: isAccessLevel(access) ? access : null,
    safe: query.get('safe') === '1',
  };
}

function value(from: URLSearchParams, name: string): string | null {
  const text = from.get(name)?.trim();
  return text ? text : null;
}

function member<K extends string>(key: K, text: string | null): Partial<Record<K, string>> {
  return text === null ? {} : ({ [key]: text } as Record<K, string>);
}
