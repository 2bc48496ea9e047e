import { expect, test } from 'vitest';
import { qrPath } from './qr';
import { parseSort, sortRows } from './table';

const otherwise = { column: 'name', down: false };

test.each([
  [null, 'name', false],
  ['', 'name', false],
  ['used', 'used', false],
  ['-used', 'used', true],
])('sort=%s', (text, column, down) => {
  expect(parseSort(text, otherwise)).toEqual({ column, down });
});

test('rows sort by a column, and stay as they are for an unknown one', () => {
  const columns = [{ key: 'n', title: 'N', cell: () => null, compare: (a: { n: number }, b: { n: number }) => a.n - b.n }];
  const rows = [{ n: 2 }, { n: 1 }, { n: 3 }];
  expect(sortRows(rows, columns, { column: 'n', down: false }).map(({ n }) => n)).toEqual([1, 2, 3]);
  expect(sortRows(rows, columns, { column: 'n', down: true }).map(({ n }) => n)).toEqual([3, 2, 1]);
  expect(sortRows(rows, columns, { column: 'x', down: true }).map(({ n }) => n)).toEqual([2, 1, 3]);
});

test('a QR code is drawn in runs', () => {
  expect(qrPath([[true, true, false, true], [false], [false, true]])).toBe('M0 0h2v1h-2zM3 0h1v1h-1zM1 2h1v1h-1z');
});
