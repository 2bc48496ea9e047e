// Opens a socket of its own to see whether an address leads to this gateway. Nothing is signed in: no credential goes to an
// address that has not proven itself.

import { call, has } from './session';

/** What was seen, in order; what comes later was not reached. */
export interface Probe {
  /** `ws(s)://…` that was tried. */
  readonly url: string;
  /** The address can be tried from this page at all: pages of HTTPS may open no plain sockets. */
  readonly allowed: boolean;
  /** Something answered as a WebSocket server. */
  readonly reached: boolean;
  /** It spoke the gateway's protocol. */
  readonly gateway: boolean;
  /** It is this gateway; `null` when that cannot be found out. */
  readonly same: boolean | null;
  /** How a connection that way arrives here. */
  readonly arrival: Arrival | null;
  readonly ms: number;
}

export interface Arrival {
  readonly secure: boolean | null;
  /** The gateway answers to that name. */
  readonly hostOk: boolean;
  /** Command that makes it do so. */
  readonly hostFix: string | null;
  readonly local: boolean;
}

const TIMEOUT_MS = 8000;

function challenge(url: string): Promise<{ readonly opened: boolean; readonly gateway: boolean; readonly ms: number }> {
  return new Promise((resolve) => {
    const from = performance.now();
    const socket = new WebSocket(url);
    let opened = false;
    const end = (gateway: boolean) => {
      clearTimeout(timer);
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
      resolve({ opened, gateway, ms: Math.max(1, Math.round(performance.now() - from)) });
    };
    const timer = setTimeout(() => end(false), TIMEOUT_MS);
    socket.onopen = () => (opened = true);
    socket.onclose = () => end(false);
    socket.onmessage = (message) => end(String(message.data).includes('"connect.challenge"'));
  });
}

interface Seen {
  readonly secure?: boolean | null;
  readonly class?: string;
  readonly hostVerdict?: { readonly ok?: boolean; readonly fix?: string | null } | null;
}

/** A socket address from what a person types: a page's address, a socket's, or host and port. */
export function socketAddress(text: string): URL | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const named = /^[a-z][a-z0-9+.-]*:\/\//i.test(trimmed) ? trimmed : `http://${trimmed}`;
  try {
    const url = new URL(named.replace(/^http/i, 'ws'));
    // Some browsers take spaces for part of a name.
    if (!/^wss?:$/.test(url.protocol) || !/^[\w.:[\]-]+$/.test(url.hostname)) return null;
    url.hash = '';
    url.search = '';
    url.username = '';
    url.password = '';
    return url;
  } catch {
    return null;
  }
}

/** Whether this page may open a socket there. */
export function mayOpen(url: URL, pageProtocol: string): boolean {
  const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname);
  return url.protocol === 'wss:' || pageProtocol !== 'https:' || loopback;
}

/** Tries an address. */
export async function probe(url: URL): Promise<Probe> {
  const found: Probe = { url: url.href, allowed: mayOpen(url, location.protocol), reached: false, gateway: false, same: null, arrival: null, ms: 0 };
  if (!found.allowed) return found;
  const { opened, gateway, ms } = await challenge(url.href);
  const seen = { ...found, reached: opened, gateway, ms };
  if (!has('gateway.proxyCheck')) return seen;
  // The gateway gives out a number; whoever is asked for it there and tells us is the same gateway.
  const ticket = (await call('gateway.proxyCheck', {})) as { id: string; path: string };
  await challenge(`${url.origin}${ticket.path}?id=${ticket.id}`);
  const { requests } = (await call('gateway.proxyCheck', { id: ticket.id })) as { requests: readonly Seen[] };
  const request = requests[0];
  if (!request) return { ...seen, same: opened ? false : null };
  return {
    ...seen,
    reached: true,
    gateway: true,
    same: true,
    arrival: {
      secure: request.secure ?? null,
      hostOk: request.hostVerdict?.ok !== false,
      hostFix: request.hostVerdict?.fix ?? null,
      local: request.class === 'local',
    },
  };
}
