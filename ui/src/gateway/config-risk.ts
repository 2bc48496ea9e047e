// Which changes of the config can cut people off, and whether this browser still gets in after them. No text, no calls.

import { at, dotted } from './config-edit';
import type { Change, Json, JsonObject } from './config-edit';

/** How this browser came, and how the gateway stands. */
export interface Standing {
  /** `location.origin`, `hostname`, and the port with the default of the scheme filled in. */
  readonly origin: string;
  readonly hostname: string;
  readonly port: number;
  readonly basePath: string;
  /** Port of the gateway now. */
  readonly gatewayPort: number;
  /** As `remote.status` says: loopback, tailscale, proxy, tailnet, lan, internet. */
  readonly via: string;
  /** Whether this browser signs in with a key of its own, so that a new shared secret does not concern it. */
  readonly paired: boolean;
}

export type Reason =
  | { readonly kind: 'cut'; readonly why: 'ui-off' | 'bind' | 'origin' | 'tailscale' | 'tunnel' | 'proxy' | 'device-auth' | 'remote-mode' }
  | { readonly kind: 'moves'; readonly why: 'port' | 'base-path' | 'https' | 'http'; readonly to: string }
  | { readonly kind: 'unsure'; readonly why: 'custom-bind' | 'proxies' | 'client-certificate' | 'auth' }
  | { readonly kind: 'sign-in'; readonly why: 'secret' };

const RISKY = [
  'gateway.mode',
  'gateway.bind',
  'gateway.customBindHost',
  'gateway.port',
  'gateway.publicOrigin',
  'gateway.trustedProxies',
  'gateway.allowRealIpFallback',
  'gateway.proxy',
  'gateway.auth',
  'gateway.tls',
  'gateway.tailscale',
  'gateway.controlUi',
];
/** Below these, nothing can cut anybody off. */
const HARMLESS = ['gateway.auth.rateLimit', 'gateway.tailscale.resetOnExit', 'gateway.tls.acme.email', 'gateway.controlUi.allowInsecureAuth'];

const below = (path: string, prefix: string) => path === prefix || path.startsWith(`${prefix}.`) || prefix.startsWith(`${path}.`);

/** Whether a change at a place can cut people off, so that it is taken back unless somebody confirms it. */
export function isRisky(path: string): boolean {
  return RISKY.some((prefix) => below(path, prefix)) && !HARMLESS.some((prefix) => path === prefix || path.startsWith(`${prefix}.`));
}

export function riskyPaths(changes: readonly Change[]): readonly string[] {
  return changes.map(({ path }) => dotted(path)).filter(isRisky);
}

/** Whether a host name is of this machine alone. */
export function isLoopbackName(hostname: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(hostname);
}

const isAddress = (hostname: string) => /^(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:.]+\])$/i.test(hostname);
const isTailnet = (hostname: string) => /^100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./.test(hostname) || hostname.endsWith('.ts.net');

/** Everything that the changes do to this browser; empty: it stays as it is. */
export function effects(before: JsonObject, after: JsonObject, changes: readonly Change[], here: Standing): readonly Reason[] {
  const touched = (prefix: string) => changes.some(({ path }) => below(dotted(path), prefix));
  const value = (path: string): Json | undefined => at(after, path.split('.'));
  const reasons: Reason[] = [];
  const loopback = isLoopbackName(here.hostname);
  const direct = here.port === here.gatewayPort;
  const local = loopback && direct;

  if (touched('gateway.mode') && value('gateway.mode') === 'remote') reasons.push({ kind: 'cut', why: 'remote-mode' });
  if (touched('gateway.controlUi.enabled') && value('gateway.controlUi.enabled') === false) reasons.push({ kind: 'cut', why: 'ui-off' });
  if (touched('gateway.port')) {
    const port = value('gateway.port') ?? 18789;
    if (direct) reasons.push({ kind: 'moves', why: 'port', to: address(here, { port: Number(port) }) });
    else if (here.via !== 'tailscale') reasons.push({ kind: 'cut', why: 'tunnel' });
  }
  if (touched('gateway.controlUi.basePath')) {
    const path = String(value('gateway.controlUi.basePath') ?? '').replace(/\/+$/, '');
    if (path !== here.basePath) reasons.push({ kind: 'moves', why: 'base-path', to: address(here, { basePath: path }) });
  }
  if (touched('gateway.bind') || touched('gateway.customBindHost')) reasons.push(...afterBind(String(value('gateway.bind') ?? 'loopback'), here, loopback));
  if (touched('gateway.controlUi.allowedOrigins') || touched('gateway.publicOrigin')) {
    if (!originStays(before, after, here, loopback)) reasons.push({ kind: 'cut', why: 'origin' });
  }
  if (touched('gateway.tls') && direct) reasons.push(...afterTls(before, after, here, local));
  if (touched('gateway.tls.requireClientCertificate') && value('gateway.tls.requireClientCertificate') === true) {
    reasons.push({ kind: 'unsure', why: 'client-certificate' });
  }
  if (touched('gateway.tailscale.mode') && here.via === 'tailscale' && (value('gateway.tailscale.mode') ?? 'off') === 'off') {
    reasons.push({ kind: 'cut', why: 'tailscale' });
  }
  if (touched('gateway.proxy.listen') && here.via === 'proxy') reasons.push({ kind: 'cut', why: 'proxy' });
  else if ((touched('gateway.trustedProxies') || touched('gateway.proxy')) && here.via === 'proxy') reasons.push({ kind: 'unsure', why: 'proxies' });
  const secret = touched('gateway.auth.token') || touched('gateway.auth.password') || touched('gateway.auth.mode');
  if (secret && !here.paired) reasons.push({ kind: 'sign-in', why: 'secret' });
  if (touched('gateway.auth.mode') && ['none', 'trusted-proxy'].includes(String(value('gateway.auth.mode')))) reasons.push({ kind: 'unsure', why: 'auth' });
  return reasons;
}

function afterBind(bind: string, here: Standing, loopback: boolean): readonly Reason[] {
  // Loopback is always open, and Tailscale and proxies on the same machine end there.
  if (loopback || here.via === 'tailscale' || here.via === 'loopback') return [];
  if (bind === 'lan') return [];
  if (bind === 'tailnet') return here.via === 'tailnet' || isTailnet(here.hostname) ? [] : [{ kind: 'cut', why: 'bind' }];
  if (bind === 'loopback' || bind === 'auto') return [{ kind: 'cut', why: 'bind' }];
  return bind === here.hostname.replace(/^\[|\]$/g, '') ? [] : [{ kind: 'unsure', why: 'custom-bind' }];
}

function listed(config: JsonObject): readonly string[] {
  const origins = at(config, ['gateway', 'controlUi', 'allowedOrigins']);
  const open = at(config, ['gateway', 'publicOrigin']);
  const all = [...(Array.isArray(origins) ? origins : []), ...(open === undefined ? [] : [open])];
  return all.map((origin) => String(origin).toLowerCase().replace(/\/+$/, ''));
}

/** Whether the gateway still talks to a page of this origin. Names of its own machine it knows by itself; this page does not. */
function originStays(before: JsonObject, after: JsonObject, here: Standing, loopback: boolean): boolean {
  if (loopback || isAddress(here.hostname)) return true;
  const origin = here.origin.toLowerCase();
  const names = (config: JsonObject) => listed(config).some((entry) => entry === '*' || entry === origin || hostOf(entry) === here.hostname);
  return names(after) || !names(before);
}

function hostOf(origin: string): string {
  return /^[a-z]+:\/\/(\[[^\]]*\]|[^:/]+)/.exec(origin)?.[1] ?? '';
}

function tlsOn(config: JsonObject): boolean {
  const mode = at(config, ['gateway', 'tls', 'mode']);
  return mode === undefined ? at(config, ['gateway', 'tls', 'enabled']) === true : mode !== 'off';
}

function afterTls(before: JsonObject, after: JsonObject, here: Standing, local: boolean): readonly Reason[] {
  const https = here.origin.startsWith('https:');
  if (https) return tlsOn(before) && !tlsOn(after) ? [{ kind: 'moves', why: 'http', to: address(here, { scheme: 'http' }) }] : [];
  const plain = at(after, ['gateway', 'tls', 'plainHttp']) ?? 'redirect';
  const served = !tlsOn(after) || plain === 'allow' || (plain === 'redirect' && local);
  return served ? [] : [{ kind: 'moves', why: 'https', to: address(here, { scheme: 'https' }) }];
}

function address(here: Standing, change: { readonly scheme?: string; readonly port?: number; readonly basePath?: string }): string {
  const scheme = change.scheme ?? here.origin.split(':')[0] ?? 'http';
  const port = change.port ?? here.port;
  const standard = port === (scheme === 'https' ? 443 : 80);
  return `${scheme}://${here.hostname}${standard ? '' : `:${port}`}${change.basePath ?? here.basePath}/`;
}

const OPENINGS = ['bind', 'auth', 'origins', 'device-auth', 'funnel'] as const;

/** A way in which a config lets in more than it should. */
export type Opening = (typeof OPENINGS)[number];

function isOpen(config: JsonObject, opening: Opening): boolean {
  const value = (path: string): Json | undefined => at(config, path.split('.'));
  switch (opening) {
    case 'bind': {
      const bind = String(value('gateway.bind') ?? 'loopback');
      const host = bind === 'custom' ? String(value('gateway.customBindHost') ?? '') : bind;
      // A tailnet encrypts by itself.
      return !['loopback', 'auto', 'tailnet'].includes(host) && !isLoopbackName(host) && !tlsOn(config);
    }
    case 'auth':
      return value('gateway.auth.mode') === 'none';
    case 'origins': {
      const origins = value('gateway.controlUi.allowedOrigins');
      return Array.isArray(origins) && origins.includes('*');
    }
    case 'device-auth':
      return value('gateway.controlUi.dangerouslyDisableDeviceAuth') === true;
    case 'funnel':
      return value('gateway.tailscale.mode') === 'funnel';
  }
}

/** How a change opens the gateway further; empty: it does not. */
export function opens(before: JsonObject, after: JsonObject): readonly Opening[] {
  return OPENINGS.filter((opening) => isOpen(after, opening) && !isOpen(before, opening));
}

/** A live connection, as far as it matters here. */
export interface Client {
  readonly name: string;
  readonly via: string;
  readonly auth: string;
  readonly role: string;
  readonly you: boolean;
}

/** Clients that lose their way in by the changes, when they connect the next time. */
export function dropped(after: JsonObject, changes: readonly Change[], clients: readonly Client[]): readonly Client[] {
  const touched = (prefix: string) => changes.some(({ path }) => below(dotted(path), prefix));
  const value = (path: string): Json | undefined => at(after, path.split('.'));
  const bind = String(value('gateway.bind') ?? 'loopback');
  const network = ['lan', 'tailnet', 'internet'];
  return clients.filter((client) => {
    if (client.via === 'control') return false;
    if (touched('gateway.port')) return client.via !== 'tailscale';
    if (touched('gateway.bind') && network.includes(client.via)) {
      if (bind === 'loopback' || bind === 'auto') return true;
      if (bind === 'tailnet') return client.via !== 'tailnet';
    }
    if (touched('gateway.tailscale.mode') && client.via === 'tailscale' && (value('gateway.tailscale.mode') ?? 'off') === 'off') return true;
    if (touched('gateway.proxy.listen') && client.via === 'proxy') return true;
    const secret = touched('gateway.auth.token') || touched('gateway.auth.password') || touched('gateway.auth.mode');
    return secret && (client.auth === 'token' || client.auth === 'password');
  });
}
