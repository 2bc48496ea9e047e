import { expect, test } from 'vitest';
import { readDeviceList } from '../../gateway/devices';
import { byAccess, byUse, isShow, select, targets } from './rows';

const DAY = 86_400_000;
const NOW = 200 * DAY;
const token = (role: string, scopes: string[], revokedAtMs?: number) => ({ role, scopes, createdAtMs: 1, revokedAtMs });
const { paired } = readDeviceList({
  paired: [
    { deviceId: 'a', displayName: 'Attic browser', clientId: 'openclaw-control-ui', roles: ['operator'], tokens: [token('operator', ['operator.admin'])], connected: true, approvedAtMs: NOW, remoteIp: '192.168.1.7' },
    { deviceId: 'b', displayName: 'Barn', clientMode: 'node', roles: ['node'], tokens: [token('node', [])], approvedAtMs: NOW, lastSeenAtMs: NOW - 5 },
    { deviceId: '0'.repeat(64), displayName: 'Old phone', roles: ['operator'], tokens: [token('operator', ['operator.read'])], approvedAtMs: 1, lastSeenAtMs: 2 },
    { deviceId: 'd', displayName: 'Lost', roles: ['operator'], tokens: [token('operator', ['operator.admin'], 5)], approvedAtMs: NOW },
  ],
});
const list = Array.from({ length: 2048 }, (_, at) => (at === 0 ? 'abandon' : 'zoo'));

const names = (devices: readonly { displayName: string | null }[]) => devices.map(({ displayName }) => displayName);

test.each([
  ['all', '', ['Attic browser', 'Barn', 'Old phone', 'Lost']],
  ['connected', '', ['Attic browser']],
  ['nodes', '', ['Barn']],
  ['full', '', ['Attic browser']],
  ['unused', '', ['Old phone']],
  ['revoked', '', ['Lost']],
  ['all', 'BARN', ['Barn']],
  ['all', '192.168', ['Attic browser']],
  ['all', 'abandon', ['Old phone']],
  ['all', 'attic bro', ['Attic browser']],
  ['all', 'attic barn', []],
] as const)('%s with "%s"', (show, search, expected) => {
  expect(names(select(paired, show, search, list, NOW))).toEqual(expected);
});

test('filters are known by name', () => {
  expect([isShow('unused'), isShow('x'), isShow(null)]).toEqual([true, false, false]);
});

test('orders', () => {
  expect(names(paired.toSorted(byUse))).toEqual(['Attic browser', 'Barn', 'Old phone', 'Lost']);
  expect(names(paired.toSorted(byAccess)).slice(0, 2)).toEqual(['Attic browser', 'Old phone']);
});

test('an action on many leaves the own device out, or takes it last', () => {
  const selected = new Set(['a', 'b']);
  expect(names(targets(selected, paired, 'a', false))).toEqual(['Barn']);
  expect(names(targets(selected, paired, 'a', true))).toEqual(['Barn', 'Attic browser']);
});
