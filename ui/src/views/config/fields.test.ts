import { describe, expect, test } from 'vitest';
import type { Json } from '../../gateway/config-edit';
import type { RemoteStatus } from './data';
import { editsBetween, overriddenBy, pruned, valueOf, withEdits } from './fields';
import type { Kind } from './fields';

test.each<readonly [Kind, string, Json | undefined]>([
  ['number', ' 19000 ', 19000],
  ['number', 'many', 'many'],
  ['number', '', undefined],
  ['switch', 'true', true],
  ['switch', 'false', false],
  ['list', 'a\n\n b \n', ['a', 'b']],
  ['list', ' \n', undefined],
  ['text', ' x ', 'x'],
  ['choice', '', undefined],
])('%s %j is %j', (kind, text, value) => {
  expect(valueOf(kind, text)).toEqual(value);
});

test('edits come and go', () => {
  const parsed = { gateway: { port: 1, bind: 'lan' } };
  expect(withEdits(parsed, { 'gateway.port': 2, 'gateway.bind': null })).toEqual({ gateway: { port: 2 } });
  expect(pruned(parsed, { 'gateway.port': 1, 'gateway.bind': null, 'gateway.tls.mode': null })).toEqual({ 'gateway.bind': null });
  expect(editsBetween(parsed, { gateway: { bind: 'lan', port: 3 } })).toEqual({ 'gateway.port': 3 });
  expect(editsBetween(parsed, { gateway: { port: 1 }, other: { deep: 1 } })).toEqual({ 'gateway.bind': null, 'other.deep': 1 });
});

describe('what overrides the file', () => {
  const status = (bind: string, bindSource: string, port: number, source: string) =>
    ({ bind, bindSource, port, tls: { mode: 'off' }, tailscale: { mode: 'off', port: 443 }, auth: { mode: 'token', allowTailscale: false, source } }) as unknown as RemoteStatus;
  test.each([
    ['gateway.bind', status('lan', 'cli --bind', 18789, ''), '--bind'],
    ['gateway.bind', status('lan', 'env OPENCLAW_GATEWAY_BIND', 18789, ''), 'OPENCLAW_GATEWAY_BIND'],
    ['gateway.bind', status('lan', 'config gateway.bind', 18789, ''), null],
    ['gateway.port', status('lan', 'default', 18789, ''), null],
    ['gateway.port', status('lan', 'default', 19000, ''), ''],
    ['gateway.auth.token', status('lan', 'default', 18789, 'env OPENCLAW_GATEWAY_TOKEN'), 'OPENCLAW_GATEWAY_TOKEN'],
    ['gateway.auth.password', status('lan', 'default', 18789, 'env OPENCLAW_GATEWAY_TOKEN'), null],
    ['gateway.auth.token', status('lan', 'default', 18789, 'config gateway.auth.token'), null],
    ['gateway.tls.mode', status('lan', 'default', 18789, ''), null],
  ])('%s', (path, found, by) => {
    expect(overriddenBy(path, {}, found, path === 'gateway.port' ? '18789' : 'off')).toBe(by);
  });
});
