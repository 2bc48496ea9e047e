// What Config and Access read from the gateway, and the one place that writes its config.

import type { JsonObject } from '../../gateway/config-edit';
import { applyPatch, isObject } from '../../gateway/config-edit';
import type { Client, Standing } from '../../gateway/config-risk';
import { notePending, pending } from '../../gateway/pending-change';
import { useResource } from '../../gateway/resource';
import type { Resource } from '../../gateway/resource';
import { call, CallError, has, hello, identity } from '../../gateway/session';
import type { PendingConfirm, RemoteStatus as Wire } from '../../wire/generated';
import { basePath } from '../../app/base';
import { showPendingSettings } from '../../app/pending-settings';
import type { ConfigSchema, Issue } from './schema';

/** `config.get`, with what older gateways leave out filled in. */
export interface ConfigSnapshot {
  readonly path: string;
  readonly exists: boolean;
  readonly raw: string | null;
  readonly parsed: JsonObject;
  readonly config: JsonObject;
  readonly valid: boolean;
  readonly hash: string;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** `remote.status`, as far as these views read it. */
export type RemoteStatus = Pick<
  Wire,
  | 'ts'
  | 'host'
  | 'bind'
  | 'bindSource'
  | 'listen'
  | 'port'
  | 'basePath'
  | 'tls'
  | 'tailscale'
  | 'auth'
  | 'publicOrigin'
  | 'trustedProxies'
  | 'stateDir'
  | 'addresses'
  | 'pendingConfirm'
  | 'subsystems'
> & { readonly you: Pick<Wire['you'], 'ip' | 'local' | 'secure' | 'via'> };

function issues(value: unknown): readonly Issue[] {
  return Array.isArray(value) ? (value as readonly Issue[]) : [];
}

export async function loadConfig(): Promise<ConfigSnapshot> {
  const answer = (await call('config.get', {})) as Partial<ConfigSnapshot>;
  return {
    path: answer.path ?? '',
    exists: answer.exists ?? false,
    raw: answer.raw ?? null,
    parsed: isObject(answer.parsed) ? answer.parsed : {},
    config: isObject(answer.config) ? answer.config : {},
    valid: answer.valid ?? true,
    hash: answer.hash ?? '',
    issues: issues(answer.issues),
    warnings: issues(answer.warnings),
  };
}

export function useConfig(): Resource<ConfigSnapshot> {
  return useResource({ key: 'config.get', load: loadConfig, method: 'config.get', scope: 'operator.read', events: ['config.changed', 'config.confirmed', 'config.reverted'] });
}

export async function loadStatus(): Promise<RemoteStatus> {
  const status: RemoteStatus = await call('remote.status', {});
  if (status.pendingConfirm) {
    notePending(status.pendingConfirm, { skewMs: status.ts - Date.now() });
    showPendingSettings();
  }
  return status;
}

export function useStatus(): Resource<RemoteStatus> {
  return useResource({
    key: 'remote.status as it is',
    load: loadStatus,
    method: 'remote.status',
    scope: 'operator.read',
    events: ['config.changed', 'config.confirmPending', 'config.confirmed', 'config.reverted'],
  });
}

const SCHEMA_KEY = 'openclaw.config-schema';

/** The schema of this version of the gateway; large, so that the tab keeps it. */
export async function loadSchema(): Promise<ConfigSchema> {
  const version = hello.peek()?.server.version ?? '';
  try {
    const kept = JSON.parse(sessionStorage.getItem(SCHEMA_KEY) ?? 'null') as ConfigSchema | null;
    if (kept?.version === version && version !== '') return kept;
  } catch {
    // Loaded again below.
  }
  const schema = (await call('config.schema', {})) as ConfigSchema;
  try {
    sessionStorage.setItem(SCHEMA_KEY, JSON.stringify({ schema: schema.schema, uiHints: schema.uiHints, version: schema.version }));
  } catch {
    // No room: asked again next time.
  }
  return schema;
}

export async function loadClients(): Promise<readonly Client[] | null> {
  if (!has('clients.list')) return null;
  return (await call('clients.list', {})).clients;
}

/** How this browser stands to the gateway. */
export function standing(status: RemoteStatus | null): Standing {
  const standard = location.protocol === 'https:' ? 443 : 80;
  return {
    origin: location.origin,
    hostname: location.hostname,
    port: location.port === '' ? standard : Number(location.port),
    basePath,
    gatewayPort: status?.port ?? Number(location.port),
    via: status?.you.via ?? 'lan',
    paired: identity.peek() !== null,
  };
}

/** How a new config is handed over: as what changes, or as the whole text. */
export type Edit = { readonly kind: 'patch'; readonly patch: JsonObject } | { readonly kind: 'text'; readonly raw: string };

export interface Written {
  readonly hash: string | null;
  readonly warnings: readonly Issue[];
  /** Takes a restart of the gateway. */
  readonly restart: readonly string[];
  /** Has no effect because a flag or a variable says otherwise. */
  readonly overridden: readonly { readonly key: string; readonly by: string }[];
  /** It is taken back unless it is confirmed. */
  readonly waits: boolean;
}

/** Writes. `confirmMs`: taken back by the gateway unless somebody confirms it in that time. `apply`: in force at once, also with older gateways. */
export async function write(edit: Edit, baseHash: string, how: { readonly confirmMs: number | null; readonly apply: boolean }): Promise<Written> {
  const method = edit.kind === 'patch' ? 'config.patch' : how.apply || how.confirmMs !== null ? 'config.apply' : 'config.set';
  const params = {
    raw: edit.kind === 'patch' ? JSON.stringify(edit.patch) : edit.raw,
    ...(baseHash === '' ? {} : { baseHash }),
    ...(how.confirmMs === null ? {} : { confirmWithinMs: how.confirmMs }),
  };
  const before = pending.peek()?.id;
  const answer = (await call(method, params).catch((error: unknown) => {
    // A new secret ends the connections that came with the former one, and the answer with them. That the change waits was told before.
    const waiting = pending.peek();
    if (!(error instanceof CallError) || error.code !== 'DISCONNECTED' || waiting === null || waiting.id === before) throw error;
    return { confirm: { id: waiting.id, deadlineMs: Date.now() + (how.confirmMs ?? 0), keys: waiting.keys, by: waiting.by } };
  })) as {
    hash?: string;
    warnings?: readonly Issue[];
    confirm?: PendingConfirm | null;
    changes?: { restart?: readonly string[]; overridden?: readonly { key: string; by: string }[] };
  };
  if (answer.confirm) {
    notePending(answer.confirm, { mine: true, hash: answer.hash ?? null, skewMs: answer.confirm.deadlineMs - Date.now() - (how.confirmMs ?? 0) });
    showPendingSettings();
  }
  return {
    hash: answer.hash ?? null,
    warnings: answer.warnings ?? [],
    restart: answer.changes?.restart ?? [],
    overridden: answer.changes?.overridden ?? [],
    waits: Boolean(answer.confirm),
  };
}

/** What a patch makes of the file, for review. */
export function patched(snapshot: ConfigSnapshot, patch: JsonObject): JsonObject {
  return applyPatch(snapshot.parsed, patch);
}
