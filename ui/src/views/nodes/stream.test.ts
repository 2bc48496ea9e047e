import { expect, test } from 'vitest';
import { withChunk } from './runs';
import { readProgress } from './stream';

test('output of this call only', () => {
  const piece = { invokeId: 'i', nodeId: 'n', idempotencyKey: 'k', seq: 0, stream: 'stderr', chunk: 'oh', dropped: 7 };
  expect(readProgress(piece, 'k')).toEqual({ chunk: { stream: 'err', text: 'oh' }, dropped: 7 });
  expect(readProgress({ ...piece, stream: 'stdout', dropped: undefined }, 'k')).toEqual({ chunk: { stream: 'out', text: 'oh' }, dropped: 0 });
  expect(readProgress(piece, 'other')).toBeNull();
  expect(readProgress({ idempotencyKey: 'k' }, 'k')).toBeNull();
  expect(readProgress(null, 'k')).toBeNull();
});

test('pieces of one stream are joined, and old output gives way', () => {
  const one = withChunk({ output: [], cut: false }, { stream: 'out', text: 'a' });
  const two = withChunk(one, { stream: 'out', text: 'b' });
  const three = withChunk(two, { stream: 'err', text: 'c' });
  expect(three).toEqual({ output: [{ stream: 'out', text: 'ab' }, { stream: 'err', text: 'c' }], cut: false });
  const many = Array.from({ length: 60 }, () => 'x'.repeat(10_000)).reduce((now, text) => withChunk(now, { stream: 'out', text }), three);
  expect(many.cut).toBe(true);
  expect(many.output.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(400_000);
});
