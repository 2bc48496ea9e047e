import { expect, test } from 'vitest';
import { writeBundle } from './bundle';
import { asCommand, parseParams } from './params';

test.each([
  ['', { ok: true, value: {} }],
  [' {"a":1} ', { ok: true, value: { a: 1 } }],
  ['[1]', { ok: false, why: 'object' }],
  ['null', { ok: false, why: 'object' }],
  ['{a}', { ok: false, why: 'json' }],
])('parameters %j', (text, parsed) => {
  expect(parseParams(text)).toMatchObject(parsed);
});

test.each([
  ['node.list', {}, 'openclaw gateway call node.list --json'],
  ['logs.tail', { limit: 3 }, `openclaw gateway call logs.tail --params '{"limit":3}' --json`],
  ['x', { text: "it's" }, `openclaw gateway call x --params '{"text":"it'\\''s"}' --json`],
  ['a b; rm', {}, `openclaw gateway call 'a b; rm' --json`],
])('%s %o as a command', (method, params, command) => {
  expect(asCommand(method, params)).toBe(command);
});

test('a bundle keeps to its size and loses the oldest of the longest list first', () => {
  const logs = Array.from({ length: 1000 }, (_, n) => `line ${n} ${'x'.repeat(40)}`);
  const text = writeBundle({ facts: { token: 'abc', version: '1' }, lists: { logs, events: [{ event: 'tick' }] } }, 10_000);
  expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(10_000);
  const made = JSON.parse(text) as { token: string; logs: string[]; events: unknown[]; dropped: { logs: number } };
  expect(made.token).toBe('••••••');
  expect(made.logs.at(-1)).toBe(logs.at(-1));
  expect(made.dropped.logs).toBe(1000 - made.logs.length);
  expect(made.events).toHaveLength(1);
});
