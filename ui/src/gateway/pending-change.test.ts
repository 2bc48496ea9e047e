import { expect, test } from 'vitest';
import { outcomeOf, parsePending } from './pending-change';

test('what an earlier load left is read, anything else is nothing', () => {
  const left = { id: 'a', deadline: 5, keys: ['gateway.port'], by: 'me', mine: true, hash: 'h' };
  expect(parsePending(JSON.stringify(left))).toEqual(left);
  for (const text of [null, '', '{', 'null', '{"id":1}', '[]']) expect(parsePending(text)).toBeNull();
});

test('how it ended is read off the file', () => {
  expect(outcomeOf({ hash: 'a' }, 'a')).toBe('confirmed');
  expect(outcomeOf({ hash: 'a' }, 'b')).toBe('reverted');
  expect(outcomeOf({ hash: null }, 'b')).toBe('reverted');
});
