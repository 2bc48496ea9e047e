// How the gateway is reached and what of it is dangerous, as the overview shows it. No text, no calls.

import { isRaw, texts } from './devices';

export type Severity = 'critical' | 'warn' | 'info';

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly detail: string;
  /** A command, or what to do. */
  readonly fix: string | null;
}

export interface Part {
  readonly state: string;
  readonly detail: string | null;
  readonly fix: string | null;
}

export interface RemoteStatus {
  /** The gateway's clock minus this browser's, in milliseconds. */
  readonly skewMs: number;
  readonly bind: string;
  readonly bindSource: string | null;
  readonly listen: readonly string[];
  readonly port: number;
  readonly tls: { readonly on: boolean; readonly notAfter: number | null; readonly selfMade: boolean };
  readonly tailscale: { readonly mode: string; readonly url: string | null; readonly part: Part | null };
  readonly authMode: string;
  readonly publicOrigin: string | null;
  readonly degraded: readonly string[];
  readonly findings: readonly Finding[];
  readonly you: { readonly ip: string | null; readonly local: boolean; readonly secure: boolean | null; readonly via: string };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function part(value: unknown): Part | null {
  if (!isRaw(value)) return null;
  return { state: text(value['state']) ?? '', detail: text(value['detail']) ?? text(value['reason']), fix: text(value['fix']) };
}

const ORDER: readonly Severity[] = ['critical', 'warn', 'info'];

function finding(value: unknown): Finding | null {
  if (!isRaw(value)) return null;
  const params = isRaw(value['params']) ? value['params'] : {};
  return {
    id: text(value['id']) ?? '',
    severity: ORDER.find((severity) => severity === value['severity']) ?? 'info',
    title: text(value['title']) ?? '',
    detail: text(params['detail']) ?? '',
    fix: text(params['fix']),
  };
}

/** Reads the answer of `remote.status`. Findings come worst first. */
export function readRemote(answer: unknown, now: number): RemoteStatus {
  const raw = isRaw(answer) ? answer : {};
  const [tls, tailscale, auth, you] = ['tls', 'tailscale', 'auth', 'you'].map((key) => (isRaw(raw[key]) ? raw[key] : {})) as [
    Record<string, unknown>,
    Record<string, unknown>,
    Record<string, unknown>,
    Record<string, unknown>,
  ];
  const findings = Array.isArray(raw['findings']) ? raw['findings'].map(finding).filter((one) => one !== null) : [];
  return {
    skewMs: typeof raw['ts'] === 'number' ? raw['ts'] - now : 0,
    bind: text(raw['bind']) ?? '',
    bindSource: text(raw['bindSource']),
    listen: texts(raw['listen']),
    port: typeof raw['port'] === 'number' ? raw['port'] : 0,
    tls: { on: tls['on'] === true, notAfter: typeof tls['notAfter'] === 'number' ? tls['notAfter'] : null, selfMade: tls['selfMade'] === true },
    tailscale: { mode: text(tailscale['mode']) ?? 'off', url: text(tailscale['url']), part: part(tailscale['state']) },
    authMode: text(auth['mode']) ?? '',
    publicOrigin: text(raw['publicOrigin']),
    degraded: texts(raw['degraded']),
    findings: findings
      .filter(({ id }) => id !== 'summary.attack_surface')
      .sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity)),
    you: {
      ip: text(you['ip']),
      local: you['local'] === true,
      secure: typeof you['secure'] === 'boolean' ? you['secure'] : null,
      via: text(you['via']) ?? '',
    },
  };
}

/** Whether only programs on the gateway's machine can reach an address with a port. */
export function isLoopback(address: string): boolean {
  return /^(127\.|\[::1\]|localhost[:/]|localhost$)/.test(address);
}

/** The address that another machine can open, best first: Tailscale, a public name, the page's own if it is no loopback. */
export function shareable(status: RemoteStatus | null, page: { readonly origin: string; readonly host: string }, basePath: string): string | null {
  const base = (origin: string) => `${origin.replace(/\/+$/, '')}${basePath}/`;
  if (status?.tailscale.url) return base(status.tailscale.url);
  if (status?.publicOrigin) return base(status.publicOrigin);
  return isLoopback(page.host) ? null : base(page.origin);
}
