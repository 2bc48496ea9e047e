// What the gateway says about its settings, and whether values fit. The gateway decides; this only says so earlier.

import { at, dotted, isObject, masks } from '../../gateway/config-edit';
import type { Json, JsonObject, Path } from '../../gateway/config-edit';

/** The part of JSON Schema that gateways use. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly examples?: readonly string[];
  /** At the root: keys that are accepted and kept unread, and objects that may hold any key. */
  readonly 'x-kept'?: readonly string[];
  readonly default?: Json;
  readonly description?: string;
}

export interface Hint {
  readonly label?: string;
  readonly help?: string;
  readonly sensitive?: boolean;
  readonly placeholder?: string;
}

export interface ConfigSchema {
  readonly schema: Schema;
  readonly uiHints: Readonly<Record<string, Hint>>;
  readonly version: string;
}

/** Why a value does not fit. The words are the view's. */
export interface Problem {
  readonly path: Path;
  readonly kind: 'type' | 'choice' | 'least' | 'most' | 'long' | 'pattern';
  readonly expected: string;
}

/** The schema of a place. */
export function schemaAt(schema: Schema | undefined, path: Path): Schema | undefined {
  return path.reduce<Schema | undefined>((here, key) => {
    const below = here?.properties?.[key];
    if (below) return below;
    return typeof here?.additionalProperties === 'object' ? here.additionalProperties : undefined;
  }, schema);
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

/** Everything in a value that does not fit. Texts with `${…}` and masks always fit: the gateway knows what they stand for. */
export function check(schema: Schema | undefined, value: Json, path: Path = []): readonly Problem[] {
  if (schema === undefined || masks(value).some((mask) => mask.length === 0)) return [];
  if (typeof value === 'string' && /\$\{\w+\}/.test(value)) return [];
  const types = schema.type === undefined ? [] : typeof schema.type === 'string' ? [schema.type] : schema.type;
  const found = typeOf(value);
  if (types.length > 0 && !types.includes(found) && !(found === 'integer' && types.includes('number'))) {
    return [{ path, kind: 'type', expected: types.join(' or ') }];
  }
  if (schema.enum && !schema.enum.includes(value)) return [{ path, kind: 'choice', expected: schema.enum.join(', ') }];
  if (schema.anyOf && !schema.anyOf.some((one) => check(one, value, path).length === 0)) {
    const words = schema.anyOf.flatMap((one) => one.enum ?? []);
    return [{ path, kind: 'choice', expected: words.join(', ') }];
  }
  if (typeof value === 'number') {
    const least = schema.minimum ?? (schema.exclusiveMinimum === undefined ? undefined : schema.exclusiveMinimum + 1);
    if (least !== undefined && value < least) return [{ path, kind: 'least', expected: String(least) }];
    if (schema.maximum !== undefined && value > schema.maximum) return [{ path, kind: 'most', expected: String(schema.maximum) }];
  }
  if (typeof value === 'string') {
    if (schema.maxLength !== undefined && [...value].length > schema.maxLength) return [{ path, kind: 'long', expected: String(schema.maxLength) }];
    if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(value)) {
      if (schema.examples) return [{ path, kind: 'choice', expected: schema.examples.join(', ') }];
      return [{ path, kind: 'pattern', expected: schema.pattern }];
    }
  }
  if (Array.isArray(value)) return value.flatMap((entry: Json, index: number) => check(schema.items, entry, [...path, String(index)]));
  if (isObject(value)) return Object.entries(value).flatMap(([key, below]) => check(schemaAt(schema, [key]), below, [...path, key]));
  return [];
}

/** What the gateway complains about, as paths. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Issues of a refusal, from its details. */
export function issuesOf(details: unknown): readonly Issue[] {
  const issues = (details as { issues?: unknown } | undefined)?.issues;
  if (!Array.isArray(issues)) return [];
  return issues.filter((issue): issue is Issue => typeof (issue as Issue)?.path === 'string' && typeof (issue as Issue)?.message === 'string');
}

/** Keys of a value that no schema knows: most often a slip of the pen. */
export function unknownKeys(
  schema: Schema | undefined,
  value: Json,
  path: Path = [],
  kept: ReadonlySet<string> = new Set(schema?.['x-kept']),
): readonly Path[] {
  if (!isObject(value) || schema?.properties === undefined) return [];
  return Object.entries(value).flatMap(([key, below]) => {
    const here = [...path, key];
    if (schema.properties?.[key]) return unknownKeys(schema.properties[key], below, here, kept);
    if (kept.has(dotted(here)) || kept.has(dotted(path))) return [];
    const open = schema.additionalProperties === true || typeof schema.additionalProperties === 'object';
    return open ? [] : [here];
  });
}

/** A default as text; empty when there is none. */
export function defaultOf(found: ConfigSchema | null, path: Path): string {
  const value = schemaAt(found?.schema, path)?.default;
  if (value !== undefined) return show(value);
  return found?.uiHints[dotted(path)]?.placeholder ?? '';
}

/** A value on one line. */
export function show(value: Json | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  return JSON.stringify(value);
}

/** The value at a place as text of a field. Lists have one entry per line. */
export function fieldText(config: JsonObject, path: Path): string {
  const value = at(config, path);
  return Array.isArray(value) ? value.map((entry: Json) => show(entry)).join('\n') : show(value);
}
