import { expect, test } from 'vitest';
import { visible } from './visible';

test.each([
  ['rm -rf /tmp/x', 'rm -rf /tmp/x'],
  ['naïve 日本 🎈', 'naïve 日本 🎈'],
  ['a\u202eb', 'a\\u{202e}b'],
  ['a\u200bb\tc\u0000', 'a\\u{200b}b\\u{9}c\\u{0}'],
  ['one\ntwo', 'one\\u{a}two'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});

test('lines stay where they help', () => {
  expect(visible('one\ntwo\r', { lines: true })).toBe('one\ntwo\\u{d}');
});
