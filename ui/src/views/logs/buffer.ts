// The lines that the page holds: what came first, what came since, older ones on request. Bounded in lines and bytes.

import { parseLine } from './entry';
import type { Entry } from './entry';

/** Lines, and characters of them, that are kept. */
export const KEPT = { lines: 5000, bytes: 2_000_000 } as const;
/** What the first call asks for, and what one call can get. */
export const FIRST = { limit: 300, maxBytes: 65_536 } as const;
export const MOST = { limit: 5000, maxBytes: 1_000_000 } as const;

/** The answer of `logs.tail`. */
export interface Tail {
  readonly file: string;
  readonly cursor: number;
  readonly size: number;
  readonly lines: readonly string[];
  readonly truncated: boolean;
  readonly reset: boolean;
}

/** Why lines do not follow each other. */
export type Gap = 'reset' | 'truncated' | 'file';

export type Row =
  | { readonly id: number; readonly kind: 'line'; readonly entry: Entry }
  | { readonly id: number; readonly kind: 'gap'; readonly gap: Gap };

export interface Buffer {
  /** Oldest first; ids rise by one. */
  readonly rows: readonly Row[];
  readonly bytes: number;
  readonly file: string;
  readonly cursor: number;
  /** What a call for older lines asks for; `null`: there are none, or no more can be kept. */
  readonly older: { readonly limit: number; readonly maxBytes: number } | null;
}

function rowsOf(lines: readonly string[], from: number): Row[] {
  return lines.map((line, index) => ({ id: from + index, kind: 'line', entry: parseLine(line) }));
}

function sizeOf(rows: readonly Row[]): number {
  return rows.reduce((sum, row) => sum + (row.kind === 'line' ? row.entry.raw.length : 0), 0);
}

function olderThan(asked: { limit: number; maxBytes: number }, tail: Tail): Buffer['older'] {
  const cut = tail.truncated || tail.lines.length >= asked.limit;
  if (!cut || (asked.limit >= MOST.limit && asked.maxBytes >= MOST.maxBytes)) return null;
  return { limit: Math.min(MOST.limit, asked.limit * 4), maxBytes: Math.min(MOST.maxBytes, asked.maxBytes * 4) };
}

/** What the first call brought. */
export function begin(tail: Tail, asked: { limit: number; maxBytes: number } = FIRST): Buffer {
  const rows = rowsOf(tail.lines, 0);
  return { rows, bytes: sizeOf(rows), file: tail.file, cursor: tail.cursor, older: olderThan(asked, tail) };
}

/** What came since the last call, behind what is there. */
export function append(buffer: Buffer, tail: Tail, limit: number): Buffer {
  const moved = tail.file !== buffer.file;
  if (tail.lines.length === 0 && !moved && !tail.reset) return tail.cursor === buffer.cursor ? buffer : { ...buffer, cursor: tail.cursor };
  const next = (buffer.rows.at(-1)?.id ?? -1) + 1;
  const gap: Gap | null = moved ? 'file' : tail.reset ? 'reset' : tail.truncated || tail.lines.length >= limit ? 'truncated' : null;
  const fresh: Row[] = gap ? [{ id: next, kind: 'gap', gap }, ...rowsOf(tail.lines, next + 1)] : rowsOf(tail.lines, next);
  let rows: readonly Row[] = [...buffer.rows, ...fresh];
  let bytes = buffer.bytes + sizeOf(fresh);
  let drop = Math.max(0, rows.length - KEPT.lines);
  bytes -= sizeOf(rows.slice(0, drop));
  while (bytes > KEPT.bytes && drop < rows.length) {
    bytes -= sizeOf(rows.slice(drop, drop + 1));
    drop += 1;
  }
  if (drop > 0) rows = rows.slice(drop);
  // What the page dropped itself it does not ask for again.
  return { rows, bytes, file: tail.file, cursor: tail.cursor, older: drop > 0 ? null : buffer.older };
}

/** A longer tail in front of what is there: rows that are known keep their ids. */
export function prepend(buffer: Buffer, tail: Tail, asked: { limit: number; maxBytes: number }): Buffer {
  const start = begin(tail, asked);
  const known = buffer.rows.filter((row) => row.kind === 'line');
  const at = start.rows.findIndex((row, index) =>
    known.slice(0, 3).every((one, step) => {
      const other = start.rows[index + step];
      return row.kind === 'line' && other?.kind === 'line' && other.entry.raw === one.entry.raw;
    }),
  );
  const first = known[0];
  // The file was turned over meanwhile: what is there stays, and there is nothing older.
  if (at < 0 || first === undefined) return { ...buffer, older: null };
  const front = start.rows.slice(0, at).map((row, index): Row => ({ ...row, id: first.id - at + index }));
  const before = buffer.rows.filter(({ id }) => id < first.id);
  const rows = [...front.map((row) => ({ ...row, id: row.id - before.length })), ...buffer.rows];
  return { ...buffer, rows, bytes: buffer.bytes + sizeOf(front), older: at === 0 ? null : start.older };
}
