// Which rows of a long list exist in the document: those in sight and a few around. Heights are as measured, or guessed.

/** Most rows that exist at once. */
export const MOST_ROWS = 200;
/** Rows above and below what is in sight. */
const AROUND = 12;

/** Where each row starts, and at the end where the list ends. */
export function offsetsOf(ids: readonly number[], heights: ReadonlyMap<number, number>, guess: number): Float64Array {
  const offsets = new Float64Array(ids.length + 1);
  ids.forEach((id, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + (heights.get(id) ?? guess);
  });
  return offsets;
}

/** The row at a height. */
export function rowAt(offsets: Float64Array, top: number): number {
  let low = 0;
  let high = Math.max(0, offsets.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((offsets[middle] ?? 0) <= top) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** First row, and the row after the last, that must exist. */
export function windowAt(offsets: Float64Array, top: number, height: number): readonly [number, number] {
  const count = offsets.length - 1;
  const from = Math.max(0, rowAt(offsets, top) - AROUND);
  const to = Math.min(count, rowAt(offsets, top + height) + 1 + AROUND, from + MOST_ROWS);
  return [from, to];
}
