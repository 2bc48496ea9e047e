// The rules about which programs a machine runs, as its exec-approvals file holds them. Values in, values out. Members that
// this page does not know stay as they are.

import { isRaw } from './devices';

export const SECURITIES = ['deny', 'allowlist', 'full'] as const;
export type Security = (typeof SECURITIES)[number];
export const ASKS = ['off', 'on-miss', 'always'] as const;
export type Ask = (typeof ASKS)[number];

export const FIELDS = ['security', 'ask', 'askFallback', 'autoAllowSkills'] as const;
export type FieldName = (typeof FIELDS)[number];

type Raw = Readonly<Record<string, unknown>>;

/** The file as the gateway gave it. */
export interface PolicyFile {
  readonly path: string;
  readonly exists: boolean;
  readonly hash: string;
  readonly file: Raw;
}

export interface AllowEntry {
  readonly pattern: string;
  readonly lastUsedAt: number | null;
  readonly lastCommand: string | null;
  readonly lastPath: string | null;
  /** It also limits arguments or directory, as newer releases write it. */
  readonly restricted: boolean;
}

/** Agent that is meant when a request names none, and the key that stands for all. */
export const DEFAULT_AGENT = 'main';
export const ANY_AGENT = '*';
/** Stands for the defaults of the file where an agent is chosen. */
export const DEFAULTS = '';

/** Reads the answer of `exec.approvals.get` and `exec.approvals.node.get`. */
export function readPolicy(answer: unknown): PolicyFile {
  const raw = isRaw(answer) ? answer : {};
  return {
    path: typeof raw['path'] === 'string' ? raw['path'] : '',
    exists: raw['exists'] === true,
    hash: typeof raw['hash'] === 'string' ? raw['hash'] : '',
    file: isRaw(raw['file']) ? raw['file'] : { version: 1 },
  };
}

function member(raw: Raw, key: string): Raw {
  const value = raw[key];
  return isRaw(value) ? value : {};
}

/** Agents that the file names; the one for all first. */
export function agentsOf(file: Raw): readonly string[] {
  return Object.keys(member(file, 'agents')).sort((a, b) => Number(b === ANY_AGENT) - Number(a === ANY_AGENT) || a.localeCompare(b));
}

function layer(file: Raw, agent: string): Raw {
  return agent === DEFAULTS ? member(file, 'defaults') : member(member(file, 'agents'), agent);
}

/** What the file itself says for an agent, or as a default. */
export function ownField(file: Raw, agent: string, field: FieldName): string | boolean | null {
  const value = layer(file, agent)[field];
  return typeof value === 'string' || typeof value === 'boolean' ? value : null;
}

/** Where a value comes from. */
export type Origin = 'agent' | 'any' | 'defaults' | 'program';

export interface Effective {
  /** `null`: the program decides, and this page cannot see how. */
  readonly value: string | boolean | null;
  readonly from: Origin;
}

/** What holds for an agent: its own value, then that of `*`, then the defaults, then what the program brings. */
export function effective(file: Raw, agent: string, field: FieldName): Effective {
  const layers: readonly (readonly [Origin, string])[] = [
    ['agent', agent],
    ['any', ANY_AGENT],
    ['defaults', DEFAULTS],
  ];
  for (const [from, key] of layers.slice(agent === DEFAULTS ? 2 : agent === ANY_AGENT ? 1 : 0)) {
    const value = ownField(file, key, field);
    if (value !== null) return { value, from };
  }
  return { value: null, from: 'program' };
}

function withLayer(file: Raw, agent: string, change: (layer: Raw) => Raw): Raw {
  if (agent === DEFAULTS) return { ...file, defaults: change(member(file, 'defaults')) };
  const { [agent]: before, ...others } = member(file, 'agents');
  const changed = change(isRaw(before) ? before : {});
  // An agent that is left without any setting is dropped.
  const agents = Object.keys(changed).length === 0 ? others : { ...others, [agent]: changed };
  return { ...file, agents };
}

/** Sets a value; `null` takes it out, so that the next layer holds. */
export function withField(file: Raw, agent: string, field: FieldName, value: string | boolean | null): Raw {
  return withLayer(file, agent, ({ [field]: _before, ...others }) => (value === null ? others : { ...others, [field]: value }));
}

function entries(file: Raw, agent: string): readonly unknown[] {
  const list = layer(file, agent)['allowlist'];
  return Array.isArray(list) ? list : [];
}

function patternOf(entry: unknown): string {
  if (typeof entry === 'string') return entry;
  return isRaw(entry) && typeof entry['pattern'] === 'string' ? entry['pattern'] : '';
}

/** Programs that an agent may run. */
export function allowlist(file: Raw, agent: string): readonly AllowEntry[] {
  return entries(file, agent).map((entry) => {
    const raw = isRaw(entry) ? entry : {};
    const text = (key: string) => (typeof raw[key] === 'string' ? raw[key] : null);
    return {
      pattern: patternOf(entry),
      lastUsedAt: typeof raw['lastUsedAt'] === 'number' ? raw['lastUsedAt'] : null,
      lastCommand: text('lastUsedCommand'),
      lastPath: text('lastResolvedPath'),
      restricted: Object.keys(raw).some((key) => /^(arg|cwd)/.test(key)),
    };
  });
}

/** Adds a pattern unless it is there. */
export function withPattern(file: Raw, agent: string, pattern: string): Raw {
  if (entries(file, agent).some((entry) => patternOf(entry) === pattern)) return file;
  return withLayer(file, agent, (layer) => ({ ...layer, allowlist: [...entries(file, agent), { pattern }] }));
}

/** Takes the pattern at a place out. */
export function withoutPattern(file: Raw, agent: string, index: number): Raw {
  const left = entries(file, agent).filter((_, at) => at !== index);
  return withLayer(file, agent, ({ allowlist: _before, ...others }) => (left.length === 0 ? others : { ...others, allowlist: left }));
}

/** Everything runs and nobody is asked. */
export function isWideOpen(file: Raw, agent: string): boolean {
  return effective(file, agent, 'security').value === 'full' && effective(file, agent, 'ask').value === 'off';
}

/** Why a pattern covers nothing, if so. */
export function patternProblem(pattern: string): 'empty' | 'name' | null {
  const trimmed = pattern.trim();
  if (trimmed === '') return 'empty';
  return /[/\\~]/.test(trimmed) ? null : 'name';
}

/** Whether a pattern covers a program: `*` stops at a slash, `**` does not, `?` is one character. A home is not known here: `~` is any. */
export function covers(pattern: string, path: string): boolean {
  const trimmed = pattern.trim();
  if (patternProblem(trimmed) !== null) return false;
  const source = trimmed
    .replace(/^~(?=[/\\]|$)/, '\u0000')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*{2,}|\*|\?|\u0000/g, (part) => (part === '\u0000' ? '(?:/root|/home/[^/]+|/Users/[^/]+)' : part === '?' ? '.' : part === '*' ? '[^/]*' : '.*'));
  return new RegExp(`^${source}$`, 'su').test(path.trim());
}

/** Changes made to a file, replayed on a newer one: fields and patterns that differ between `base` and `edited`. */
export function rebase(base: Raw, edited: Raw, newer: Raw): Raw {
  const agents = new Set([DEFAULTS, ...agentsOf(base), ...agentsOf(edited)]);
  let file = newer;
  for (const agent of agents) {
    for (const field of FIELDS) {
      const [was, is] = [ownField(base, agent, field), ownField(edited, agent, field)];
      if (was !== is) file = withField(file, agent, field, is);
    }
    const before = allowlist(base, agent).map(({ pattern }) => pattern);
    const after = allowlist(edited, agent).map(({ pattern }) => pattern);
    for (const pattern of after) if (!before.includes(pattern)) file = withPattern(file, agent, pattern);
    for (const pattern of before) {
      const index = after.includes(pattern) ? -1 : allowlist(file, agent).findIndex((entry) => entry.pattern === pattern);
      if (index >= 0) file = withoutPattern(file, agent, index);
    }
  }
  return file;
}
