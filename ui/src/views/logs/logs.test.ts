import { expect, test } from 'vitest';
import { KEPT, append, begin, prepend } from './buffer';
import type { Buffer, Tail } from './buffer';
import { parseLine } from './entry';
import { filterRows, matcher, parseFilter, subsystemsIn } from './filter';

const AT = '2026-11-27T02:21:57.065Z';

function line(message: unknown[], level = 'INFO', subsystem = 'gateway'): string {
  const parts = Object.fromEntries(message.map((part, index) => [String(index + 1), part]));
  return JSON.stringify({ 0: JSON.stringify({ subsystem }), ...parts, _meta: { logLevelName: level, date: AT }, time: AT });
}

function tail(lines: readonly string[], more: Partial<Tail> = {}): Tail {
  return { file: '/log', cursor: 100, size: 100, lines, truncated: false, reset: false, ...more };
}

function shown({ rows }: Buffer): string[] {
  return rows.map((row) => (row.kind === 'line' ? row.entry.message : `[${row.gap}]`));
}

test.each([
  [line(['listening']), 'info', 'gateway', 'listening'],
  [line([{ peer: '203.0.113.7', count: 2 }, 'refused'], 'WARN', 'gateway/conn'), 'warn', 'gateway/conn', 'refused peer=203.0.113.7 count=2'],
  ['{"0":"plain words","1":"more","_meta":{"logLevelName":"ERROR"},"time":"x"}', 'error', null, 'plain words more'],
  ['{"level":"debug","message":"other shape"}', 'debug', null, 'other shape'],
  ['not json \u202e', null, null, 'not json \\u{202e}'],
  ['{"a":1}', null, null, '{"a":1}'],
  [line(['run with --token abcdef0123']), 'info', 'gateway', 'run with --token ••••••'],
])('%s', (text, level, subsystem, message) => {
  expect(parseLine(text)).toMatchObject({ level, subsystem, message });
});

test('the time of a line', () => {
  expect(parseLine(line(['x'])).at).toBe(Date.parse(AT));
  expect(parseLine('x').at).toBeNull();
});

test('lines that came since are put behind, and gaps are said', () => {
  const first = begin(tail(['a', 'b'], { cursor: 4 }));
  const more = append(first, tail(['c'], { cursor: 6 }), 5000);
  expect(shown(more)).toEqual(['a', 'b', 'c']);
  expect(more.rows.map(({ id }) => id)).toEqual([0, 1, 2]);
  expect(append(more, tail([], { cursor: 6 }), 5000)).toBe(more);
  expect(shown(append(more, tail(['z'], { reset: true }), 5000))).toEqual(['a', 'b', 'c', '[reset]', 'z']);
  expect(shown(append(more, tail(['z'], { truncated: true }), 5000))).toEqual(['a', 'b', 'c', '[truncated]', 'z']);
  expect(shown(append(more, tail(['z']), 1))).toEqual(['a', 'b', 'c', '[truncated]', 'z']);
  expect(shown(append(more, tail(['z'], { file: '/tomorrow' }), 5000))).toEqual(['a', 'b', 'c', '[file]', 'z']);
});

test('old lines go when there are too many, or too much of them', () => {
  const full = begin(tail(Array.from({ length: KEPT.lines }, (_, n) => String(n)), { truncated: true }));
  const more = append(full, tail(['new']), 5000);
  expect(more.rows).toHaveLength(KEPT.lines);
  expect([shown(more)[0], shown(more).at(-1), more.older]).toEqual(['1', 'new', null]);
  const big = append(begin(tail(['a', 'b'])), tail(['x'.repeat(KEPT.bytes - 1)]), 5000);
  expect(shown(big)).toHaveLength(2);
  expect(big.bytes).toBe(KEPT.bytes);
});

test('older lines come in front, and known ones keep their ids', () => {
  const first = begin(tail(['c', 'd', 'e'], { truncated: true }));
  expect(first.older).toEqual({ limit: 1200, maxBytes: 262_144 });
  const all = prepend(first, tail(['a', 'b', 'c', 'd', 'e', 'f']), { limit: 1200, maxBytes: 262_144 });
  expect(shown(all)).toEqual(['a', 'b', 'c', 'd', 'e']);
  expect(all.rows.map(({ id }) => id)).toEqual([-2, -1, 0, 1, 2]);
  expect(all.older).toBeNull();
  expect(prepend(first, tail(['x', 'y']), { limit: 1200, maxBytes: 262_144 })).toEqual({ ...first, older: null });
});

test('the filter of the address', () => {
  const rows = begin(
    tail([line(['one'], 'INFO'), line(['two'], 'WARN', 'gateway/conn'), line(['three'], 'ERROR', 'gateway'), 'raw']),
  ).rows;
  const messages = (query: string, now = Date.parse(AT)) =>
    filterRows(rows, parseFilter(new URLSearchParams(query)), now).map((row) => (row.kind === 'line' ? row.entry.message : row.gap));
  expect(messages('')).toEqual(['one', 'two', 'three', 'raw']);
  expect(messages('level=warn')).toEqual(['two', 'three']);
  expect(messages('level=nonsense')).toHaveLength(4);
  expect(messages('subsystem=gateway')).toEqual(['one', 'two', 'three']);
  expect(messages('subsystem=gateway/conn')).toEqual(['two']);
  expect(messages('q=T')).toEqual(['one', 'two', 'three']);
  expect(messages('q=^gateway .*e$&regex=1')).toEqual(['one', 'three']);
  expect(messages('q=(&regex=1')).toHaveLength(4);
  expect(messages('since=5m', Date.parse(AT) + 299_000)).toEqual(['one', 'two', 'three']);
  expect(messages('since=5m', Date.parse(AT) + 301_000)).toEqual([]);
  expect(matcher('(', true)).toBeNull();
  expect(subsystemsIn(rows)).toEqual(['gateway', 'gateway/conn']);
});
