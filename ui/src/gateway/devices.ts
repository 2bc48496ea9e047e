// Devices as the views see them, read from what gateways of both protocols say. No text, no calls.

import type { Scope } from '../wire/generated';
import { localTime } from './clock';

/** What a device is to a person. */
export type DeviceKind = 'browser' | 'phone' | 'node' | 'cli' | 'app';

interface Facts {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly displayName: string | null;
  readonly platform: string | null;
  readonly family: string | null;
  readonly clientId: string | null;
  readonly clientMode: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly Scope[];
  readonly remoteIp: string | null;
}

/** A node asks to offer commands. */
export interface NodeRequest {
  readonly requestId: string;
  readonly nodeId: string;
  readonly name: string | null;
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly platform: string | null;
  readonly remoteIp: string | null;
  readonly isRepair: boolean;
  /** Scopes that approving takes. */
  readonly needs: readonly Scope[];
  readonly ts: number;
}

/** A device asks to be let in. */
export interface PendingDevice extends Facts {
  readonly requestId: string;
  /** Short code that the device shows as well. */
  readonly code: string | null;
  readonly role: string;
  readonly browserOrigin: string | null;
  readonly isRepair: boolean;
  readonly nodeSurface: NodeRequest | null;
  readonly ts: number;
  readonly expiresAt: number;
}

export interface DeviceToken {
  readonly role: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: number;
  readonly rotatedAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

export interface PairedDevice extends Facts {
  readonly operatorLabel: string | null;
  readonly version: string | null;
  readonly approvedVia: string | null;
  readonly createdAt: number;
  readonly approvedAt: number;
  readonly lastSeenAt: number | null;
  readonly connected: boolean;
  readonly tokens: readonly DeviceToken[];
  readonly nodeSurface: NodeRequest | null;
}

export interface DeviceList {
  readonly pending: readonly PendingDevice[];
  readonly paired: readonly PairedDevice[];
}

/** How long a request waits where the gateway does not say (2026.1.30), in milliseconds. */
const PENDING_MS = 300_000;

type Raw = Readonly<Record<string, unknown>>;

export function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** A time by the clock of this browser. */
function time(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? localTime(value) : null;
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function raws(value: unknown): readonly Raw[] {
  return Array.isArray(value) ? value.filter(isRaw) : [];
}

function facts(raw: Raw): Facts {
  const roles = texts(raw['roles']);
  const role = text(raw['role']);
  return {
    deviceId: text(raw['deviceId']) ?? '',
    publicKey: text(raw['publicKey']) ?? '',
    displayName: text(raw['displayName']),
    platform: text(raw['platform']),
    family: text(raw['deviceFamily']),
    clientId: text(raw['clientId']),
    clientMode: text(raw['clientMode']),
    roles: roles.length > 0 ? roles : role ? [role] : [],
    scopes: texts(raw['scopes']) as readonly Scope[],
    remoteIp: text(raw['remoteIp']),
  };
}

/** Reads an entry of `device.pair.list`, or the payload of `device.pair.requested`. */
export function readPending(raw: Raw): PendingDevice {
  const ts = time(raw['ts']) ?? Date.now();
  return {
    ...facts(raw),
    requestId: text(raw['requestId']) ?? '',
    code: text(raw['code']),
    role: text(raw['role']) ?? 'operator',
    browserOrigin: text(raw['browserOrigin']),
    isRepair: raw['isRepair'] === true,
    nodeSurface: isRaw(raw['nodeSurface']) ? readNodeRequest(raw['nodeSurface']) : null,
    ts,
    expiresAt: time(raw['expiresAtMs']) ?? ts + PENDING_MS,
  };
}

/** Reads an entry of `node.pair.list`, or the payload of `node.pair.requested`. */
export function readNodeRequest(raw: Raw): NodeRequest {
  return {
    requestId: text(raw['requestId']) ?? '',
    nodeId: text(raw['nodeId']) ?? '',
    name: text(raw['displayName']),
    caps: texts(raw['caps']),
    commands: texts(raw['commands']),
    platform: text(raw['platform']),
    remoteIp: text(raw['remoteIp']),
    isRepair: raw['isRepair'] === true,
    needs: texts(raw['requiredApproveScopes']) as readonly Scope[],
    ts: time(raw['ts']) ?? Date.now(),
  };
}

function readPaired(raw: Raw): PairedDevice {
  return {
    ...facts(raw),
    operatorLabel: text(raw['operatorLabel']),
    version: text(raw['version']),
    approvedVia: text(raw['approvedVia']),
    createdAt: time(raw['createdAtMs']) ?? 0,
    approvedAt: time(raw['approvedAtMs']) ?? 0,
    lastSeenAt: time(raw['lastSeenAtMs']),
    connected: raw['connected'] === true,
    nodeSurface: isRaw(raw['pendingNodeSurface']) ? readNodeRequest(raw['pendingNodeSurface']) : null,
    tokens: raws(raw['tokens']).map((token) => ({
      role: text(token['role']) ?? '',
      scopes: texts(token['scopes']) as readonly Scope[],
      createdAt: time(token['createdAtMs']) ?? 0,
      rotatedAt: time(token['rotatedAtMs']),
      revokedAt: time(token['revokedAtMs']),
      lastUsedAt: time(token['lastUsedAtMs']),
    })),
  };
}

/** Reads the answer of `device.pair.list`. */
export function readDeviceList(answer: unknown): DeviceList {
  const raw = isRaw(answer) ? answer : {};
  return { pending: raws(raw['pending']).map(readPending), paired: raws(raw['paired']).map(readPaired) };
}

/** Puts a request into the list: it takes the place of an older one of the same device and role. */
export function withPending(list: DeviceList, request: PendingDevice): DeviceList {
  const others = list.pending.filter(
    (one) => one.requestId !== request.requestId && !(one.deviceId === request.deviceId && one.role === request.role),
  );
  return { ...list, pending: [request, ...others] };
}

export function withoutPending(list: DeviceList, gone: (request: PendingDevice) => boolean): DeviceList {
  return list.pending.some(gone) ? { ...list, pending: list.pending.filter((one) => !gone(one)) } : list;
}

/** Ids of devices that a presence list shows as connected. */
export function presentIds(presence: unknown): ReadonlySet<string> {
  const here = raws(presence).filter((entry) => entry['reason'] !== 'disconnect');
  return new Set(here.map((entry) => text(entry['deviceId'])).filter((id) => id !== null));
}

/** Applies what changed between two presence lists; devices that neither names stay as they are. */
export function withPresence(list: DeviceList, before: ReadonlySet<string>, after: ReadonlySet<string>, now: number): DeviceList {
  let changed = false;
  const paired = list.paired.map((device) => {
    const [was, is] = [before.has(device.deviceId), after.has(device.deviceId)];
    if (was === is || device.connected === is) return device;
    changed = true;
    return { ...device, connected: is, lastSeenAt: now };
  });
  return changed ? { ...list, paired } : list;
}

/** What a device is. */
export function kindOf(device: Pick<Facts, 'clientId' | 'clientMode' | 'platform' | 'family' | 'roles'>): DeviceKind {
  const { clientId, clientMode, platform, family, roles } = device;
  const id = clientId ?? '';
  if (/control-ui|webchat/.test(id) || clientMode === 'webchat') return 'browser';
  if (/ios|android/i.test(`${id} ${platform ?? ''}`) || /iphone|ipad|android/i.test(family ?? '')) return 'phone';
  if (clientMode === 'node' || roles.includes('node')) return 'node';
  if (id === 'cli' || clientMode === 'cli' || clientMode === 'probe') return 'cli';
  return 'app';
}

/** Access as an operator: what the usable token grants, else what was granted to the device. */
export function operatorScopes(device: PairedDevice): readonly Scope[] {
  const token = device.tokens.find(({ role, revokedAt }) => role === 'operator' && revokedAt === null);
  return token?.scopes ?? device.scopes;
}

/** Whether every token of a device is revoked: it is known, and cannot come in. */
export function isRevoked(device: PairedDevice): boolean {
  return device.tokens.length > 0 && device.tokens.every(({ revokedAt }) => revokedAt !== null);
}

/** When a device was last heard of or let in. */
export function lastUsed(device: PairedDevice): number {
  return Math.max(device.lastSeenAt ?? 0, ...device.tokens.map(({ lastUsedAt }) => lastUsedAt ?? 0));
}

/** Why a device asks: it is new, its key is known, or it wants more than it has. */
export function reasonOf(request: PendingDevice, paired: readonly PairedDevice[]): 'new' | 'repair' | 'more' {
  const known = paired.find(({ deviceId }) => deviceId === request.deviceId);
  if (!known) return request.isRepair ? 'repair' : 'new';
  const usable = known.tokens.some(({ role, revokedAt }) => role === request.role && revokedAt === null);
  return usable || !known.roles.includes(request.role) ? 'more' : 'repair';
}

const UNUSED_MS = 90 * 86_400_000;

/** Whether a device has not been used for 90 days. */
export function isUnused(device: PairedDevice, now: number): boolean {
  return !device.connected && now - Math.max(lastUsed(device), device.approvedAt) > UNUSED_MS;
}
