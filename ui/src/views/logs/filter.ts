// Which lines are shown. The filter is in the query of the address, so that a link shows the same.

import { LEVELS } from './entry';
import type { Level } from './entry';
import type { Row } from './buffer';

/** Time spans that can be chosen, in milliseconds. */
export const SPANS = { '5m': 300_000, '15m': 900_000, '1h': 3_600_000, '6h': 21_600_000, '24h': 86_400_000 } as const;
export type Span = keyof typeof SPANS;

export interface Filter {
  /** Least level that is shown. */
  readonly level: Level | null;
  readonly subsystem: string | null;
  readonly text: string;
  /** Whether the text is a regular expression. */
  readonly regex: boolean;
  readonly span: Span | null;
}

export function parseFilter(query: URLSearchParams): Filter {
  const span = query.get('since');
  return {
    level: LEVELS.find((level) => level === query.get('level')) ?? null,
    subsystem: query.get('subsystem') || null,
    text: query.get('q') ?? '',
    regex: query.get('regex') === '1',
    span: span !== null && span in SPANS ? (span as Span) : null,
  };
}

export function isFiltering({ level, subsystem, text, span }: Filter): boolean {
  return level !== null || subsystem !== null || text !== '' || span !== null;
}

type Test = (text: string) => boolean;

/** How text is looked for; `null` when it is not a regular expression but should be. */
export function matcher(text: string, regex: boolean): Test | null {
  if (text === '') return () => true;
  if (!regex) {
    const wanted = text.toLowerCase();
    return (where) => where.toLowerCase().includes(wanted);
  }
  try {
    const expression = new RegExp(text, 'iu');
    return (where) => expression.test(where);
  } catch {
    return null;
  }
}

/** The rows that pass. An expression that cannot be read lets all pass: the field says what is wrong with it. */
export function filterRows(rows: readonly Row[], filter: Filter, now: number): readonly Row[] {
  if (!isFiltering(filter)) return rows;
  const matches = matcher(filter.text, filter.regex) ?? (() => true);
  const least = filter.level === null ? 0 : LEVELS.indexOf(filter.level);
  const since = filter.span === null ? null : now - SPANS[filter.span];
  return rows.filter((row) => {
    if (row.kind === 'gap') return true;
    const { level, subsystem, at, message } = row.entry;
    if (least > 0 && (level === null || LEVELS.indexOf(level) < least)) return false;
    if (filter.subsystem !== null && subsystem !== filter.subsystem && !(subsystem?.startsWith(`${filter.subsystem}/`) ?? false)) return false;
    if (since !== null && (at === null || at < since)) return false;
    return matches(`${subsystem ?? ''} ${message}`);
  });
}

/** Subsystems that occur, and their parents: `gateway` for `gateway/conn`. */
export function subsystemsIn(rows: readonly Row[]): readonly string[] {
  const seen = new Set<string>();
  for (const row of rows) {
    if (row.kind !== 'line' || row.entry.subsystem === null || seen.has(row.entry.subsystem)) continue;
    const parts = row.entry.subsystem.split('/');
    for (let length = 1; length <= parts.length; length += 1) seen.add(parts.slice(0, length).join('/'));
  }
  return [...seen].toSorted();
}
