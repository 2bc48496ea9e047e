// A line of the log as people read it. Lines that are not the JSON of the gateway stay as they are.

import { maskSecrets } from '../../text/mask';
import { visible } from '../../text/visible';

/** From least to most. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof LEVELS)[number];

export interface Entry {
  /** Milliseconds since the epoch. */
  readonly at: number | null;
  readonly level: Level | null;
  readonly subsystem: string | null;
  /** What happened, with its values; secrets masked, hidden characters shown. */
  readonly message: string;
  /** The line in full; secrets masked. */
  readonly raw: string;
}

type Raw = Readonly<Record<string, unknown>>;

function isRaw(value: unknown): value is Raw {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads a line. */
export function parseLine(line: string): Entry {
  const raw = maskSecrets(line);
  const value = json(raw);
  if (!isRaw(value)) return { at: null, level: null, subsystem: null, message: visible(raw), raw };
  const meta = isRaw(value['_meta']) ? value['_meta'] : {};
  const head = value['0'];
  const subsystem = subsystemOf(head) ?? subsystemOf(meta['name']);
  const parts: string[] = [];
  const values: string[] = [];
  for (let index = subsystemOf(head) === null ? 0 : 1; String(index) in value; index += 1) {
    const part = value[String(index)];
    if (isRaw(part)) for (const [name, member] of Object.entries(part)) values.push(`${name}=${shown(member)}`);
    else parts.push(shown(part));
  }
  if (parts.length === 0 && typeof value['message'] === 'string') parts.push(value['message']);
  if (parts.length === 0 && typeof value['msg'] === 'string') parts.push(value['msg']);
  const message = [...parts, ...values].join(' ');
  return {
    at: timeOf(value['time'] ?? meta['date'] ?? value['ts']),
    level: levelOf(meta['logLevelName'] ?? value['level']),
    subsystem: subsystem === null ? null : visible(subsystem),
    message: visible(message === '' ? raw : message),
    raw,
  };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `{"subsystem":"gateway/conn"}`, as JSON in a string. */
function subsystemOf(value: unknown): string | null {
  const named = typeof value === 'string' && value.startsWith('{') ? json(value) : value;
  if (!isRaw(named)) return null;
  const name = named['subsystem'] ?? named['module'];
  return typeof name === 'string' ? name : null;
}

function timeOf(value: unknown): number | null {
  const at = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isFinite(at) ? at : null;
}

function levelOf(value: unknown): Level | null {
  const name = typeof value === 'string' ? value.toLowerCase() : '';
  return LEVELS.find((level) => level === name) ?? null;
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
