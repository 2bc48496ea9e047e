// Addresses of gateways: reading what people type, comparing, and what an address says about the way there.

import { servedFrom } from '../app/base';
import { placeOf } from './address';
import type { Place } from './address';

/** `localhost`, `127.0.0.0/8` and `::1` never leave the machine. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '').replace(/\.$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1' || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Where a name or address leads, as far as it shows. */
export function placeOfHost(hostname: string): Place {
  const name = hostname.toLowerCase().replace(/^\[|\]$/g, '');
  if (isLoopback(name)) return 'here';
  if (name.endsWith('.ts.net')) return 'tailnet';
  if (name.includes(':') || /^\d+(\.\d+){3}$/.test(name)) return placeOf(name);
  return !name.includes('.') || /\.(local|lan|internal|home\.arpa)$/.test(name) ? 'network' : 'public';
}

/** The one way to write a gateway's address: `ws(s)://host[:port][/path]`, without a final slash. `null`: not an address. */
export function normalize(text: string): string | null {
  const typed = text.trim();
  if (typed === '' || /\s/.test(typed)) return null;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(typed) ? typed : `${isLoopback(hostOf(typed)) ? 'ws' : guessedScheme(typed)}://${typed}`;
  let url: URL;
  try {
    url = new URL(scheme);
  } catch {
    return null;
  }
  if (url.protocol === 'http:') url.protocol = 'ws:';
  if (url.protocol === 'https:') url.protocol = 'wss:';
  if ((url.protocol !== 'ws:' && url.protocol !== 'wss:') || url.hostname === '' || url.username !== '' || url.password !== '') return null;
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`;
}

/** Without a scheme: encrypted, unless a port that is not HTTPS's says that the gateway itself answers there. */
function guessedScheme(typed: string): 'ws' | 'wss' {
  return /:\d+(\/|$)/.test(typed) && !/:(443|8443|10000)(\/|$)/.test(typed) ? 'ws' : 'wss';
}

function hostOf(typed: string): string {
  return /^(\[[^\]]*\]|[^:/?#]*)/.exec(typed)?.[1] ?? '';
}

/** Address of the gateway that served this page. */
export function ownAddress(): string {
  return normalize(servedFrom()) ?? 'ws://127.0.0.1:18789';
}

/** Whether two addresses lead to one gateway: loopback has several names, and a bare address means any path. */
export function sameGateway(one: string, other: string): boolean {
  const [a, b] = [read(one), read(other)];
  if (a === null || b === null) return false;
  const host = (url: URL) => (isLoopback(url.hostname) ? 'localhost' : url.hostname.toLowerCase());
  const path = (url: URL) => url.pathname.replace(/\/+$/, '');
  return a.protocol === b.protocol && a.port === b.port && host(a) === host(b) && (path(a) === path(b) || path(a) === '' || path(b) === '');
}

function read(address: string): URL | null {
  try {
    return new URL(address);
  } catch {
    return null;
  }
}

export interface AddressParts {
  /** `host:port`, as people read it. */
  readonly shown: string;
  readonly hostname: string;
  /** Always there: the scheme's own when none is written. */
  readonly port: string;
  readonly encrypted: boolean;
  readonly place: Place;
  /** The page of that gateway. */
  readonly page: string;
}

export function partsOf(address: string): AddressParts {
  const url = read(address) ?? new URL('ws://127.0.0.1:18789');
  const encrypted = url.protocol === 'wss:';
  return {
    shown: url.host + url.pathname.replace(/\/+$/, ''),
    hostname: url.hostname,
    port: url.port || (encrypted ? '443' : '80'),
    encrypted,
    place: placeOfHost(url.hostname),
    page: `${encrypted ? 'https' : 'http'}://${url.host}${url.pathname.replace(/\/*$/, '/')}`,
  };
}

/** What a person should know before this page talks to an address. */
export interface AddressWarnings {
  /** Everybody on the way can read and change what is sent. */
  readonly unencrypted: boolean;
  /** The name holds letters that look like others. */
  readonly lookalike: boolean;
  /** The browser will not let an `https` page talk to it. */
  readonly mixed: boolean;
}

export function warningsOf(address: string, pageIsSecure: boolean): AddressWarnings {
  const { hostname, encrypted } = partsOf(address);
  const open = !encrypted && !isLoopback(hostname);
  return { unencrypted: open, lookalike: /(^|\.)xn--/i.test(hostname), mixed: open && pageIsSecure };
}
