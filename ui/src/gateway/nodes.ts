// Nodes as the views see them, read from what gateways of both protocols say. No text, no calls.

import { isRaw, readNodeRequest } from './devices';
import type { NodeRequest } from './devices';

export interface HostStats {
  readonly cpus: number;
  readonly load: number;
  readonly memoryTotal: number;
  readonly memoryFree: number;
  readonly diskTotal: number | null;
  readonly diskFree: number | null;
}

/** A machine that this gateway can command. */
export interface GatewayNode {
  readonly id: string;
  readonly name: string | null;
  readonly platform: string | null;
  readonly family: string | null;
  readonly model: string | null;
  readonly version: string | null;
  readonly remoteIp: string | null;
  readonly caps: readonly string[];
  /** Commands that may be sent. */
  readonly commands: readonly string[];
  /** Commands that it offers and that wait for approval; only a description tells them. */
  readonly pendingCommands: readonly string[];
  readonly pendingRequest: NodeRequest | null;
  readonly permissions: Readonly<Record<string, boolean>>;
  readonly pathEnv: string | null;
  readonly connected: boolean;
  readonly paired: boolean;
  readonly waits: boolean;
  /** Output of its programs can be seen as it comes. */
  readonly streams: boolean;
  readonly connectedAt: number | null;
  readonly lastSeenAt: number | null;
  readonly approvedAt: number | null;
  readonly stats: HostStats | null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function readStats(value: unknown): HostStats | null {
  if (!isRaw(value)) return null;
  const [cpus, total, free] = [number(value['cpuCount']), number(value['memoryTotalBytes']), number(value['memoryFreeBytes'])];
  if (cpus === null || total === null || free === null) return null;
  const load = Array.isArray(value['loadAverage']) ? number(value['loadAverage'][0]) : null;
  return { cpus, load: load ?? 0, memoryTotal: total, memoryFree: free, diskTotal: number(value['diskTotalBytes']), diskFree: number(value['diskAvailableBytes']) };
}

/** Reads an entry of `node.list`, or the answer of `node.describe`. */
export function readNode(raw: Readonly<Record<string, unknown>>): GatewayNode {
  const permissions = isRaw(raw['permissions']) ? raw['permissions'] : {};
  const [connectedAt, lastConnectedAt] = [number(raw['connectedAtMs']), number(raw['lastConnectedAtMs'])];
  return {
    id: text(raw['nodeId']) ?? '',
    name: text(raw['displayName']),
    platform: text(raw['platform']),
    family: text(raw['deviceFamily']),
    model: text(raw['modelIdentifier']),
    version: text(raw['coreVersion']) ?? text(raw['version']),
    remoteIp: text(raw['remoteIp']),
    caps: texts(raw['caps']),
    commands: texts(raw['commands']),
    pendingCommands: texts(raw['pendingCommands']),
    pendingRequest: isRaw(raw['pendingSurface']) ? readNodeRequest(raw['pendingSurface']) : null,
    permissions: Object.fromEntries(Object.entries(permissions).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean')),
    pathEnv: text(raw['pathEnv']),
    connected: raw['connected'] === true,
    paired: raw['paired'] === true,
    waits: raw['approvalState'] === 'pending-approval',
    streams: raw['streams'] === true,
    connectedAt,
    lastSeenAt: number(raw['lastSeenAtMs']) ?? lastConnectedAt ?? connectedAt,
    approvedAt: number(raw['approvedAtMs']),
    stats: readStats(raw['hostStats']),
  };
}

/** Reads the answer of `node.list`: connected ones first, then by name. */
export function readNodes(answer: unknown): readonly GatewayNode[] {
  const list = isRaw(answer) && Array.isArray(answer['nodes']) ? answer['nodes'].filter(isRaw).map(readNode) : [];
  return list.toSorted((a, b) => Number(b.connected) - Number(a.connected) || label(a).localeCompare(label(b)));
}

function label(node: GatewayNode): string {
  return node.name ?? node.id;
}

/** Commands of one family: `system` of `system.run`. */
export interface Family {
  readonly name: string;
  readonly commands: readonly string[];
}

/** Commands grouped by what stands before the first dot, sorted. */
export function families(commands: readonly string[]): readonly Family[] {
  const groups = new Map<string, string[]>();
  for (const command of [...commands].sort()) {
    const dot = command.indexOf('.');
    const name = dot > 0 ? command.slice(0, dot) : command;
    groups.set(name, [...(groups.get(name) ?? []), command]);
  }
  return [...groups].map(([name, commands]) => ({ name, commands }));
}

/** Whether a version is older than another. Versions that are not numbers with dots are never older. */
export function isOlder(version: string | null, than: string | null): boolean {
  const parts = (text: string | null) => /^v?(\d+(?:\.\d+)*)/.exec(text ?? '')?.[1]?.split('.').map(Number);
  const [a, b] = [parts(version), parts(than)];
  if (!a || !b) return false;
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** The node that the text of an approval means: `node attic (84c860a7)`, `attic`, or an id. */
export function nodeOf(host: string | null, nodeId: string | null, nodes: readonly GatewayNode[]): GatewayNode | null {
  if (nodeId) {
    const exact = nodes.find(({ id }) => id === nodeId);
    if (exact) return exact;
  }
  const short = /\(([0-9a-f]{6,64})\)$|^(?:node )?([0-9a-f]{6,64})$/.exec(host ?? '');
  const start = short?.[1] ?? short?.[2];
  return (start && nodes.find(({ id }) => id.startsWith(start))) || null;
}
