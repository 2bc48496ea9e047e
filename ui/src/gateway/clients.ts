// Who is connected, as the views see it: the table of connections where the gateway has one, else its presence list. No text,
// no calls.

import { isRaw } from './devices';

/** One connection. */
export interface Client {
  /** Names it; only the table of connections has it. */
  readonly connId: string | null;
  readonly deviceId: string | null;
  readonly instanceId: string | null;
  readonly name: string;
  readonly clientId: string | null;
  readonly mode: string | null;
  readonly role: string | null;
  readonly scopes: readonly string[];
  readonly version: string | null;
  readonly platform: string | null;
  readonly ip: string | null;
  /** On the gateway's machine. */
  readonly local: boolean;
  readonly secure: boolean | null;
  readonly auth: string | null;
  readonly user: string | null;
  readonly since: number | null;
  readonly lastActivity: number | null;
  /** This page's own connection. */
  readonly you: boolean;
}

/** Connections of one device; the gateway itself is a group of its own. */
export interface ClientGroup {
  readonly key: string;
  readonly deviceId: string | null;
  readonly name: string;
  readonly isGateway: boolean;
  readonly clients: readonly Client[];
}

type Raw = Readonly<Record<string, unknown>>;

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** Reads the answer of `clients.list`. */
export function readClients(answer: unknown): readonly Client[] {
  const list = isRaw(answer) && Array.isArray(answer['clients']) ? answer['clients'].filter(isRaw) : [];
  return list.map((raw) => ({
    connId: text(raw['connId']),
    deviceId: text(raw['deviceId']),
    instanceId: text(raw['instanceId']),
    name: text(raw['name']) ?? text(raw['clientId']) ?? '',
    clientId: text(raw['clientId']),
    mode: text(raw['clientMode']),
    role: text(raw['role']),
    scopes: texts(raw['scopes']),
    version: text(raw['version']),
    platform: text(raw['platform']) ?? text(raw['deviceFamily']),
    ip: text(raw['ip']),
    local: raw['local'] === true,
    secure: typeof raw['secure'] === 'boolean' ? raw['secure'] : null,
    auth: text(raw['auth']),
    user: text(raw['user']),
    since: number(raw['connectedAtMs']),
    lastActivity: number(raw['lastActivityMs']),
    you: raw['you'] === true,
  }));
}

function presence(answer: unknown): readonly Raw[] {
  const list = isRaw(answer) ? answer['presence'] : answer;
  return Array.isArray(list) ? list.filter(isRaw) : [];
}

function isGatewayEntry(raw: Raw): boolean {
  return raw['mode'] === 'gateway' || raw['reason'] === 'self';
}

/** Reads `system-presence`, or the presence list of the hello and its event. `own` is the instance id of this page. */
export function readPresence(answer: unknown, own: string | null): readonly Client[] {
  return presence(answer)
    .filter((raw) => raw['reason'] !== 'disconnect' && !isGatewayEntry(raw))
    .map((raw) => ({
      connId: null,
      deviceId: text(raw['deviceId']),
      instanceId: text(raw['instanceId']),
      name: text(raw['host']) ?? text(raw['clientId']) ?? text(raw['instanceId']) ?? '',
      clientId: text(raw['clientId']),
      mode: text(raw['mode']),
      role: texts(raw['roles'])[0] ?? null,
      scopes: texts(raw['scopes']),
      version: text(raw['version']),
      platform: text(raw['platform']) ?? text(raw['deviceFamily']),
      ip: text(raw['ip']),
      local: false,
      secure: null,
      auth: null,
      user: null,
      since: number(raw['onlineSince']),
      lastActivity: number(raw['ts']),
      you: own !== null && raw['instanceId'] === own,
    }));
}

export interface GatewayFacts {
  readonly name: string;
  readonly version: string | null;
  readonly platform: string | null;
  readonly ip: string | null;
}

/** What the presence list says of the gateway itself. */
export function readGateway(answer: unknown): GatewayFacts | null {
  const raw = presence(answer).find(isGatewayEntry);
  return raw ? { name: text(raw['host']) ?? '', version: text(raw['version']), platform: text(raw['platform']), ip: text(raw['ip']) } : null;
}

/** Groups connections by device: this page's first, then by name. */
export function groupClients(clients: readonly Client[]): readonly ClientGroup[] {
  const groups = new Map<string, Client[]>();
  for (const [index, client] of clients.entries()) {
    const key = client.deviceId ?? `${client.clientId ?? ''} ${client.instanceId ?? client.connId ?? index}`;
    groups.set(key, [...(groups.get(key) ?? []), client]);
  }
  return [...groups]
    .map(([key, list]) => ({
      key,
      deviceId: list[0]?.deviceId ?? null,
      name: list[0]?.name ?? '',
      isGateway: false,
      clients: list.toSorted((a, b) => (a.since ?? 0) - (b.since ?? 0)),
    }))
    .toSorted((a, b) => Number(b.clients.some(({ you }) => you)) - Number(a.clients.some(({ you }) => you)) || a.name.localeCompare(b.name));
}
