import { expect, test } from 'vitest';
import { MOST_ROWS, offsetsOf, rowAt, windowAt } from './window';

const ids = Array.from({ length: 1000 }, (_, index) => index);

test('rows in sight and a few around exist', () => {
  const offsets = offsetsOf(ids, new Map(), 20);
  expect(windowAt(offsets, 0, 400)).toEqual([0, 33]);
  expect(windowAt(offsets, 10_000, 400)).toEqual([488, 533]);
  expect(windowAt(offsets, 1e9, 400)).toEqual([987, 1000]);
  expect(windowAt(offsets, 0, 1e6)).toEqual([0, MOST_ROWS]);
  expect(windowAt(offsetsOf([], new Map(), 20), 0, 400)).toEqual([0, 0]);
});

test('measured heights move what is below', () => {
  const offsets = offsetsOf(ids, new Map([[0, 100]]), 20);
  expect([rowAt(offsets, 99), rowAt(offsets, 100), rowAt(offsets, 119), rowAt(offsets, 120)]).toEqual([0, 1, 1, 2]);
});
