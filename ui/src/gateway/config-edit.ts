// Changing a config as a value: what changed, as a merge patch, and with somebody else's changes. No text, no calls.

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
export type Path = readonly string[];

/** What the gateway shows in place of a secret. It must never be written back. */
export const MASK = '__OPENCLAW_REDACTED__';

/** One difference at a place. `undefined`: nothing is there. */
export interface Change {
  readonly path: Path;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The same place changed differently by two people. */
export interface Conflict {
  readonly path: Path;
  readonly base: Json | undefined;
  readonly mine: Json | undefined;
  readonly theirs: Json | undefined;
}

export interface ThreeWay {
  /** Theirs with all of mine that does not conflict. */
  readonly merged: JsonObject;
  readonly mine: readonly Change[];
  readonly theirs: readonly Change[];
  readonly conflicts: readonly Conflict[];
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `gateway.auth.token` as a path. Keys of the config that people edit hold no dots. */
export function pathOf(dotted: string): Path {
  return dotted === '' ? [] : dotted.split('.');
}

export function dotted(path: Path): string {
  return path.map((key) => (/^[\w-]+$/.test(key) ? key : JSON.stringify(key))).join('.');
}

/** What lies at a place. */
export function at(value: Json | undefined, path: Path): Json | undefined {
  let here = value;
  for (const key of path) {
    if (!isObject(here) || !Object.hasOwn(here, key)) return undefined;
    here = here[key];
  }
  return here;
}

/** A copy with something else at a place; `undefined` takes it out, and objects that become empty by it. */
export function put(value: Json | undefined, path: Path, wanted: Json | undefined): JsonObject {
  const object = isObject(value) ? value : {};
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const below = rest.length === 0 ? wanted : put(object[key], rest, wanted);
  const empty = below === undefined || (wanted === undefined && rest.length > 0 && isObject(below) && Object.keys(below).length === 0);
  const { [key]: _gone, ...others } = object;
  if (empty) return others;
  // The order of keys stays.
  return key in object ? Object.fromEntries(Object.entries(object).map(([name, old]) => [name, name === key ? below : old])) : { ...object, [key]: below };
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((entry, index) => same(entry, b[index]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** The differences, at the deepest places that both sides share. Lists differ as a whole. */
export function changes(before: Json | undefined, after: Json | undefined, path: Path = []): readonly Change[] {
  if (same(before, after)) return [];
  if (!isObject(before) && !isObject(after)) return [{ path, before, after }];
  // An object that comes or goes is told by what is in it.
  const [from, to] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
  const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])];
  const scalar = (value: Json | undefined) => value !== undefined && !isObject(value);
  if (scalar(before) || scalar(after) || keys.length === 0) return [{ path, before, after }];
  return keys.flatMap((key) => changes(from[key], to[key], [...path, key]));
}

/**
 * The merge patch (RFC 7396) that makes `after` of `before`; `null` when there is none, because `after` holds a `null`
 * where `before` does not, which a patch would take for a removal.
 */
export function mergePatch(before: JsonObject, after: JsonObject): JsonObject | null {
  const patch: Record<string, Json> = {};
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, wanted] = [before[key], after[key]];
    if (same(old, wanted)) continue;
    if (wanted === undefined) patch[key] = null;
    else if (isObject(wanted)) {
      const below = mergePatch(isObject(old) ? old : {}, wanted);
      if (below === null) return null;
      patch[key] = below;
    } else if (wanted === null) return null;
    else patch[key] = wanted;
  }
  return patch;
}

/** What a merge patch makes of a value. */
export function applyPatch(value: Json | undefined, patch: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...(isObject(value) ? value : {}) };
  for (const [key, wanted] of Object.entries(patch)) {
    if (wanted === null) delete result[key];
    else result[key] = isObject(wanted) ? applyPatch(result[key], wanted) : wanted;
  }
  return result;
}

/** Places that hold a mask: secrets that this page does not know. */
export function masks(value: Json | undefined, path: Path = []): readonly Path[] {
  if (value === MASK) return [path];
  if (Array.isArray(value)) return value.flatMap((entry: Json, index: number) => masks(entry, [...path, String(index)]));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, below]) => masks(below, [...path, key]));
}

/** Whether one place lies in the other, or both are the same. */
export function overlap(a: Path, b: Path): boolean {
  return a.every((key, index) => index >= b.length || b[index] === key);
}

/** Brings mine together with what somebody else made of the same base. Nothing of either side is dropped silently. */
export function threeWay(base: JsonObject, mine: JsonObject, theirs: JsonObject): ThreeWay {
  const [my, their] = [changes(base, mine), changes(base, theirs)];
  let merged: JsonObject = theirs;
  const conflicts: Conflict[] = [];
  for (const change of my) {
    const against = their.filter((other) => overlap(change.path, other.path));
    const path = against.reduce<Path>((shortest, other) => (other.path.length < shortest.length ? other.path : shortest), change.path);
    if (against.length === 0 || same(at(mine, path), at(theirs, path))) merged = against.length === 0 ? put(merged, change.path, change.after) : merged;
    else if (!conflicts.some((known) => dotted(known.path) === dotted(path))) {
      conflicts.push({ path, base: at(base, path), mine: at(mine, path), theirs: at(theirs, path) });
    }
  }
  return { merged, mine: my, theirs: their, conflicts };
}

/** Settles conflicts: `mine` at the places that are named, theirs elsewhere. */
export function settle(outcome: ThreeWay, keepMine: ReadonlySet<string>): JsonObject {
  return outcome.conflicts.reduce<JsonObject>(
    (merged, conflict) => (keepMine.has(dotted(conflict.path)) ? put(merged, conflict.path, conflict.mine) : merged),
    outcome.merged,
  );
}

/** Keys whose value is a credential, by the same endings as the gateway's. */
export function isSecret(path: Path): boolean {
  return path.some((key, index) => {
    const letters = key.toLowerCase().replace(/[^a-z0-9]/g, '');
    const last = index === path.length - 1;
    return (
      (last && /(token|password|passwd|passphrase|secret|apikey|privatekey|accesskey|hmackey|secretkey|signingkey|encryptionkey|authorization|cookie|credential)$/.test(letters)) ||
      /(tokens|passwords|secrets|apikeys|credentials|headers|edgeauth)$/.test(letters) ||
      (letters === 'env' && index === 0) ||
      letters === 'vars'
    );
  });
}

/** A value that must not be shown: one whose key names a credential, unless it only refers to a variable. */
export function hides(path: Path, value: Json | undefined): boolean {
  if (value === MASK) return true;
  return isSecret(path) && value !== undefined && value !== '' && !(typeof value === 'string' && /^\$\{\w+\}$/.test(value));
}
