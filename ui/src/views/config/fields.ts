// The settings of the remote-access form: which, in what order, and how their text becomes a value. No text, no calls.

import { at, changes, pathOf, put } from '../../gateway/config-edit';
import type { Json, JsonObject } from '../../gateway/config-edit';
import type { RemoteStatus } from './data';
import { schemaAt } from './schema';
import type { ConfigSchema, Schema } from './schema';

export const GROUPS = {
  reach: ['gateway.bind', 'gateway.customBindHost', 'gateway.port', 'gateway.publicOrigin'],
  signIn: ['gateway.auth.mode', 'gateway.auth.token', 'gateway.auth.password', 'gateway.auth.allowTailscale', 'gateway.auth.rateLimit.maxAttempts', 'gateway.auth.rateLimit.lockoutMs'],
  page: [
    'gateway.controlUi.enabled',
    'gateway.controlUi.basePath',
    'gateway.controlUi.allowedOrigins',
    'gateway.controlUi.allowInsecureAuth',
    'gateway.controlUi.dangerouslyDisableDeviceAuth',
  ],
  tls: ['gateway.tls.mode', 'gateway.tls.certPath', 'gateway.tls.keyPath', 'gateway.tls.domains', 'gateway.tls.plainHttp'],
  tailscale: ['gateway.tailscale.mode', 'gateway.tailscale.port', 'gateway.tailscale.resetOnExit'],
  proxy: ['gateway.proxy.listen', 'gateway.trustedProxies'],
  nodes: ['gateway.nodes.allowCommands', 'gateway.nodes.denyCommands', 'gateway.nodes.pairing.autoApproveLocal'],
  finding: ['discovery.mdns.mode', 'discovery.wideArea.domain', 'gateway.reload.mode'],
} as const;

export type GroupName = keyof typeof GROUPS;
export type FieldPath = (typeof GROUPS)[GroupName][number];

/** How a setting is edited. */
export type Kind = 'switch' | 'choice' | 'number' | 'list' | 'secret' | 'text';

export function kindOf(schema: ConfigSchema | null, path: string): Kind {
  const found = schemaAt(schema?.schema, pathOf(path));
  if (schema?.uiHints[path]?.sensitive || /(token|password|secret)$/i.test(path)) return 'secret';
  if (found?.type === 'boolean') return 'switch';
  if (found?.type === 'array') return 'list';
  if (found?.type === 'integer' || found?.type === 'number') return 'number';
  // Words and something else besides, as `gateway.bind` has: a text with suggestions.
  if (found?.enum) return 'choice';
  return 'text';
}

/** Words that a setting offers. */
export function wordsOf(schema: Schema | undefined): readonly string[] {
  return [...(schema?.enum ?? []), ...(schema?.examples ?? []), ...(schema?.anyOf ?? []).flatMap((one) => one.enum ?? [])].map(String);
}

/** Text of a field as a value; `undefined` takes the setting out of the file, so that the default holds. */
export function valueOf(kind: Kind, text: string): Json | undefined {
  const trimmed = text.trim();
  if (kind === 'list') {
    const entries = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
    return entries.length === 0 ? undefined : entries;
  }
  if (trimmed === '') return undefined;
  if (kind === 'number') return /^-?\d+(\.\d+)?$/.test(trimmed) ? Number(trimmed) : trimmed;
  if (kind === 'switch') return trimmed === 'true';
  return trimmed;
}

/** Edits by dotted path; `null` takes the setting out of the file. */
export type Edits = Readonly<Record<string, Json>>;

/** The file with the edits of the form. */
export function withEdits(parsed: JsonObject, edits: Edits): JsonObject {
  return Object.entries(edits).reduce<JsonObject>((config, [path, value]) => put(config, pathOf(path), value === null ? undefined : value), parsed);
}

/** The edits without those that say what the file says already. */
export function pruned(parsed: JsonObject, edits: Edits): Edits {
  return Object.fromEntries(
    Object.entries(edits).filter(([path, value]) => JSON.stringify(at(parsed, pathOf(path)) ?? null) !== JSON.stringify(value)),
  );
}

/** What differs between two files, as edits. */
export function editsBetween(parsed: JsonObject, wanted: JsonObject): Edits {
  return Object.fromEntries(changes(parsed, wanted).map(({ path, after }) => [path.join('.'), after ?? null]));
}

/** What is in force, where `remote.status` tells. */
export function effective(path: string, status: RemoteStatus | null): string | null {
  if (status === null) return null;
  switch (path) {
    case 'gateway.bind':
      return status.bind;
    case 'gateway.port':
      return String(status.port);
    case 'gateway.tls.mode':
      return status.tls.mode;
    case 'gateway.tailscale.mode':
      return status.tailscale.mode;
    case 'gateway.tailscale.port':
      return String(status.tailscale.port);
    case 'gateway.auth.mode':
      return status.auth.mode;
    case 'gateway.auth.allowTailscale':
      return String(status.auth.allowTailscale);
    default:
      return null;
  }
}

/** The flag or variable that sets a value in place of the file; `''` when it is one but nobody says which. */
export function overriddenBy(path: string, config: JsonObject, status: RemoteStatus | null, standard: string): string | null {
  if (status === null) return null;
  const named = path === 'gateway.bind' ? status.bindSource : path === 'gateway.auth.token' || path === 'gateway.auth.password' ? sourceOfSecret(path, status) : null;
  if (named !== null) return /^(cli|env|\.env) /.test(named) ? named.replace(/^(cli|\.env|env) /, '') : null;
  const inForce = effective(path, status);
  if (inForce === null || path === 'gateway.auth.mode' || path === 'gateway.auth.allowTailscale') return null;
  const written = at(config, pathOf(path));
  const expected = written === undefined ? standard : String(written);
  // `auto` and `tls.enabled` come to something else by themselves.
  if (path === 'gateway.tls.mode' && (written === undefined || written === 'auto')) return null;
  return expected === '' || expected === inForce ? null : '';
}

function sourceOfSecret(path: string, status: RemoteStatus): string | null {
  const { source } = status.auth;
  if (source === null) return null;
  const about = /PASSWORD|password/.test(source) ? 'gateway.auth.password' : 'gateway.auth.token';
  return about === path ? source : null;
}

/** Settings that a running gateway takes over only after a restart. */
const AFTER_RESTART = ['gateway.mode', 'logging', 'nodeHost'];

/** Whether a change of a setting needs a restart of the gateway. With `reload.mode` off, all do. */
export function needsRestart(path: string, config: JsonObject): boolean {
  return at(config, ['gateway', 'reload', 'mode']) === 'off' || AFTER_RESTART.some((outer) => path === outer || path.startsWith(`${outer}.`));
}

export const ALL_PATHS: readonly string[] = Object.values(GROUPS).flat();
