import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { loadWordList, wordPositions, wordsOf } from './words';

test('the list is the published one and small enough to load late', async () => {
  const list = await loadWordList();
  const text = `${list.join('\n')}\n`;
  expect(list.length).toBe(2048);
  expect(createHash('sha256').update(text).digest('hex')).toBe('2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda');
  expect(gzipSync(JSON.stringify(text), { level: 9 }).length).toBeLessThanOrEqual(8 * 1024);
});

test.each([
  ['0'.repeat(64), 'abandon abandon abandon abandon abandon abandon'],
  ['000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'abandon amount liar amount expire adjust'],
  ['3a017686853eb566c12840e3fdb2c86388fef87113615bea0b0629679316edcd', 'deliver arm payment apology twice recall'],
  ['f'.repeat(64), 'zoo zoo zoo zoo zoo zoo'],
  ['F'.repeat(64), 'zoo zoo zoo zoo zoo zoo'],
])('U33 %s is %s', async (id, words) => {
  expect(await wordsOf(id)).toBe(words);
});

test.each(['', 'abc', 'g'.repeat(64), '0'.repeat(65)])('%s has no words', (id) => {
  expect(wordPositions(id)).toBeNull();
});
