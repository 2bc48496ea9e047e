// How the gateway is reached: the path of this browser, which ways are open, and what their commands need. No text, no calls.

import { isLoopbackName } from '../../gateway/config-risk';
import type { Standing } from '../../gateway/config-risk';
import type { JsonObject } from '../../gateway/config-edit';
import type { RemoteStatus } from '../config/data';
import type { PartState } from '../../wire/generated';
import { at, pathOf } from '../../gateway/config-edit';
import { profileOf } from './commands';
import type { Facts, NetworkVariant, Way } from './commands';

export type Tone = 'ok' | 'warn' | 'bad' | 'info';

/** A place on the way, or what lies between two. */
export interface Hop {
  readonly kind: 'browser' | 'local' | 'tunnel' | 'tailscale' | 'proxy' | 'network' | 'gateway';
  /** Address or name, as it is. */
  readonly label: string;
  readonly tone: Tone;
  readonly state: 'here' | 'encrypted' | 'plain' | 'inside' | 'up' | 'trouble' | 'unknown';
}

/** The path from this browser to the gateway. */
export function hops(here: Standing, status: RemoteStatus): readonly Hop[] {
  const secure = here.origin.startsWith('https:');
  const browser: Hop = { kind: 'browser', label: status.you.ip ?? here.origin, tone: 'ok', state: 'here' };
  const listeners = status.subsystems['listeners'];
  const trouble = listeners !== undefined && listeners.state !== 'up';
  const gateway: Hop = { kind: 'gateway', label: `${status.host} · ${status.bind} · ${status.port}`, tone: trouble ? 'bad' : 'ok', state: trouble ? 'trouble' : 'up' };
  return [browser, ...between(here, status, secure), gateway];
}

function between(here: Standing, status: RemoteStatus, secure: boolean): readonly Hop[] {
  const wire = (label: string): Hop => ({ kind: 'network', label, tone: secure ? 'ok' : 'bad', state: secure ? 'encrypted' : 'plain' });
  switch (here.via) {
    case 'tailscale': {
      const state = status.tailscale.state?.state;
      return [
        wire(here.hostname),
        { kind: 'tailscale', label: status.tailscale.url ?? here.origin, tone: state === 'up' ? 'ok' : 'warn', state: state === 'up' ? 'up' : 'trouble' },
      ];
    }
    case 'proxy':
      return [wire(here.hostname), { kind: 'proxy', label: here.origin, tone: status.you.secure === false ? 'warn' : 'ok', state: 'up' }];
    case 'tailnet':
      return [{ kind: 'network', label: here.hostname, tone: 'ok', state: 'encrypted' }];
    case 'loopback':
    case 'control':
      if (here.port !== here.gatewayPort) return [{ kind: 'tunnel', label: `${here.hostname}:${here.port}`, tone: 'ok', state: 'inside' }];
      if (isLoopbackName(here.hostname)) return [{ kind: 'local', label: `${here.hostname}:${here.port}`, tone: 'ok', state: 'inside' }];
      return [wire(here.hostname)];
    default:
      return [wire(here.hostname)];
  }
}

export interface Standings {
  /** In use now. */
  readonly active: boolean;
  /** What the part of the gateway says that serves it. */
  readonly part: PartState | null;
}

const OPEN = (address: string) => !/^(127\.|\[::1\])/.test(address);

/** Which ways are open now. */
export function standings(status: RemoteStatus, here: Standing, config: JsonObject): Readonly<Record<Way, Standings>> {
  const network = status.listen.some(OPEN);
  const tailscale = status.tailscale.state;
  const proxy = status.subsystems['proxy'] ?? null;
  const proxied = at(config, pathOf('gateway.proxy.listen')) !== undefined || status.trustedProxies.length > 0;
  const certificates = status.tls.on ? (status.subsystems['tls'] ?? null) : proxied ? proxy : null;
  const tunnel = here.via === 'loopback' && here.port !== here.gatewayPort;
  return {
    local: { active: !network && status.tailscale.mode === 'off' && !proxied && !tunnel, part: null },
    ssh: { active: tunnel, part: null },
    serve: { active: status.tailscale.mode === 'serve', part: status.tailscale.mode === 'serve' ? tailscale : null },
    https: { active: (status.tls.on && network) || proxied, part: certificates },
    network: { active: network, part: network ? (status.subsystems['listeners'] ?? null) : null },
    funnel: { active: status.tailscale.mode === 'funnel', part: status.tailscale.mode === 'funnel' ? tailscale : null },
  };
}

/** What a person types because the gateway cannot know it. */
export interface Typed {
  readonly sshTarget: string;
  readonly localPort: string;
  readonly domain: string;
  readonly address: string;
}

/** An address of the gateway's machine in a network, if one listens or answers. */
export function networkAddress(status: RemoteStatus): string | null {
  const listening = status.listen.filter(OPEN).map((address) => address.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  const exact = listening.find((address) => address !== '0.0.0.0' && address !== '::');
  if (exact) return exact;
  const endpoint = status.addresses?.endpoints.find(({ source }) => source === 'lan' || source === 'tailnet');
  return endpoint ? new URL(endpoint.url).hostname.replace(/^\[|\]$/g, '') : null;
}

/** The range around an address, for a firewall. */
export function subnetOf(address: string): string {
  const v4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(address);
  return v4 ? `${v4[1]}.0/24` : '192.168.1.0/24';
}

/** Letters that addresses and names are made of: what is typed goes into commands. */
export function isPlain(text: string): boolean {
  return /^[\w.@:[\]%-]*$/.test(text);
}

/** Everything that commands need, from what the gateway says and what was typed. */
export function factsOf(status: RemoteStatus, here: Standing, config: JsonObject, typed: Typed, choice: Pick<Facts, 'network' | 'certificate' | 'proxy'>): Facts {
  const clean = (text: string, otherwise: string) => (text.trim() !== '' && isPlain(text.trim()) ? text.trim() : otherwise);
  const remote = !isLoopbackName(here.hostname);
  const known = networkAddress(status) ?? (remote && here.via !== 'tailscale' && here.via !== 'proxy' ? here.hostname.replace(/^\[|\]$/g, '') : null);
  const host = remote ? here.hostname : status.host;
  const address = clean(typed.address, placeholderAddress(choice.network, known));
  const proxyListen = at(config, pathOf('gateway.proxy.listen'));
  const port = Number(typed.localPort);
  return {
    ...choice,
    port: status.port,
    basePath: status.basePath,
    profile: profileOf(status.stateDir),
    loopbackOnly: !status.listen.some(OPEN),
    sshTarget: clean(typed.sshTarget, `user@${host}`),
    localPort: Number.isInteger(port) && port >= 1 && port <= 65535 ? port : status.port,
    tailnetUrl: status.tailscale.url ?? `https://${status.tailscale.name ?? `${status.host}.<tailnet>.ts.net`}${status.tailscale.port === 443 ? '' : `:${status.tailscale.port}`}`,
    tailscalePort: status.tailscale.port,
    domain: clean(typed.domain, domainOf(status.publicOrigin) ?? 'claw.example.org'),
    address,
    subnet: subnetOf(known ?? address),
    proxyListen: typeof proxyListen === 'string' || typeof proxyListen === 'number' ? String(proxyListen) : null,
    tls: status.tls.on,
  };
}

function placeholderAddress(network: NetworkVariant, known: string | null): string {
  if (known !== null) return known;
  return network === 'tailnet' ? '<tailscale-ip>' : '<gateway-ip>';
}

function domainOf(origin: string | null): string | null {
  return origin === null ? null : (/^https?:\/\/([^:/]+)/.exec(origin)?.[1] ?? null);
}

/** What a way needs in the config; `null`: it is set up by commands only, because something has to be typed or decided on the host. */
export function patchFor(way: Way, facts: Facts, config: JsonObject): JsonObject | null {
  const bound = at(config, pathOf('gateway.bind')) !== undefined || !facts.loopbackOnly;
  const loopback: JsonObject = bound ? { bind: 'loopback' } : {};
  switch (way) {
    case 'local':
      return { gateway: { ...loopback, ...(at(config, pathOf('gateway.tailscale.mode')) === undefined ? {} : { tailscale: { mode: 'off' } }) } as JsonObject };
    case 'ssh':
      return { gateway: loopback };
    case 'serve':
      return { gateway: { ...loopback, tailscale: { mode: 'serve' }, auth: { allowTailscale: true } } };
    case 'network':
      return { gateway: { bind: facts.network === 'custom' ? facts.address : facts.network } };
    case 'https':
      return facts.certificate === 'self' ? { gateway: { tls: { mode: 'self' } } } : null;
    case 'funnel':
      return null;
  }
}

/** Addresses for a link, best first: proven ones, then the page's own. */
export function shareable(status: RemoteStatus | null, here: Standing): readonly string[] {
  const page = (url: string) => {
    const base = url.replace(/^ws/, 'http').replace(/\/+$/, '');
    return `${base.endsWith(here.basePath) && here.basePath !== '' ? base : base + here.basePath}/`;
  };
  const found = (status?.addresses?.endpoints ?? []).filter(({ source }) => source !== 'loopback').map(({ url }) => page(url));
  const own = isLoopbackName(here.hostname) ? [] : [page(here.origin)];
  const tailscale = status?.tailscale.url ? [page(status.tailscale.url)] : [];
  // A machine often cannot reach its own public name from inside.
  const named = status?.publicOrigin ? [page(status.publicOrigin)] : [];
  return [...new Set([...found, ...tailscale, ...named, ...own])];
}

/** Strength of a shared token. */
export function strengthOf(bits: number | null): 'none' | 'weak' | 'fair' | 'strong' {
  if (bits === null) return 'none';
  if (bits < 96) return 'weak';
  return bits < 128 ? 'fair' : 'strong';
}

/** 32 random bytes as hex, as `openssl rand -hex 32` gives. */
export function newToken(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  return [...random(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** As much of `remote.status` as an older gateway lets one guess from its config and the page's address. */
export function guessedStatus(config: JsonObject, page: { readonly hostname: string; readonly port: number; readonly basePath: string }, path: string): RemoteStatus {
  const text = (key: string, otherwise: string) => {
    const value = at(config, pathOf(key));
    return typeof value === 'string' ? value : otherwise;
  };
  const written = at(config, pathOf('gateway.port'));
  const port = typeof written === 'number' ? written : 18789;
  const bind = text('gateway.bind', 'loopback');
  const loopback = isLoopbackName(page.hostname);
  const token = at(config, pathOf('gateway.auth.token'));
  return {
    ts: Date.now(),
    host: loopback ? 'gateway-host' : page.hostname,
    bind,
    bindSource: 'default',
    listen: bind === 'loopback' || bind === 'auto' ? [`127.0.0.1:${port}`] : [`127.0.0.1:${port}`, `0.0.0.0:${port}`],
    port,
    basePath: page.basePath,
    tls: { on: at(config, pathOf('gateway.tls.enabled')) === true, mode: 'off', fingerprintSha256: null, notAfter: null, selfMade: false },
    tailscale: { mode: text('gateway.tailscale.mode', 'off'), port: 443, url: page.hostname.endsWith('.ts.net') ? `https://${page.hostname}` : null, name: null, state: null },
    auth: { mode: text('gateway.auth.mode', 'token'), allowTailscale: false, source: token === undefined ? null : 'config gateway.auth.token', tokenBits: null },
    publicOrigin: null,
    trustedProxies: [],
    stateDir: path.replace(/\/[^/]*$/, ''),
    addresses: null,
    pendingConfirm: null,
    subsystems: {},
    you: { ip: null, local: loopback, secure: null, via: loopback ? 'loopback' : page.hostname.endsWith('.ts.net') ? 'tailscale' : 'lan' },
  };
}
