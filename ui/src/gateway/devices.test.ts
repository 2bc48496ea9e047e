import { expect, test } from 'vitest';
import { levelOf, narrower } from './access';
import { placeOf } from './address';
import { isUnused, kindOf, presentIds, readDeviceList, readPending, reasonOf, withPending, withPresence, withoutPending } from './devices';

const ID = 'a'.repeat(64);

test.each([
  [null, 'here'],
  ['127.0.0.1', 'here'],
  ['::1', 'here'],
  ['192.168.1.20', 'network'],
  ['172.31.0.9', 'network'],
  ['172.32.0.9', 'public'],
  ['::ffff:10.0.0.1', 'network'],
  ['fe80::1%eth0', 'network'],
  ['fd12::1', 'network'],
  ['100.64.0.7', 'tailnet'],
  ['100.128.0.7', 'public'],
  ['fd7a:115c:a1e0::9', 'tailnet'],
  ['203.0.113.9', 'public'],
  ['2001:db8::1', 'public'],
])('%s is %s', (ip, place) => {
  expect(placeOf(ip)).toBe(place);
});

test.each([
  [['operator.admin', 'operator.approvals', 'operator.pairing'], 'full', ['limited', 'approver', 'view']],
  [['operator.approvals', 'operator.read', 'operator.write'], 'limited', ['view']],
  [['operator.read', 'operator.approvals', 'operator.pairing'], 'approver', ['view']],
  [['operator.read'], 'view', []],
  [['operator.write'], 'limited', ['view']],
  [[], 'none', []],
])('%s is %s and can be narrowed to %s', (scopes, level, lower) => {
  expect(levelOf(scopes)).toBe(level);
  expect(narrower(scopes)).toEqual(lower);
});

test.each([
  [{ clientId: 'openclaw-control-ui', clientMode: 'webchat' }, 'browser'],
  [{ clientId: 'cli', clientMode: 'cli' }, 'cli'],
  [{ clientId: 'node-host', clientMode: 'node', roles: ['node'] }, 'node'],
  [{ clientId: 'cli', clientMode: 'cli', roles: ['operator', 'node'] }, 'node'],
  [{ clientId: 'openclaw-ios', clientMode: 'node', roles: ['node', 'operator'] }, 'phone'],
  [{ clientId: 'something', clientMode: 'backend', roles: ['operator'] }, 'app'],
])('%o is a %s', (known, kind) => {
  const unknown = { clientId: null, clientMode: null, platform: null, family: null, roles: [] };
  expect(kindOf({ ...unknown, ...known })).toBe(kind);
});

test('a list of 2026.1.30 lacks members, and is read all the same', () => {
  const list = readDeviceList({
    pending: [{ requestId: 'r', deviceId: ID, publicKey: 'k', role: 'operator', ts: 1000 }],
    paired: [{ deviceId: ID, publicKey: 'k', createdAtMs: 1, approvedAtMs: 2 }],
  });
  expect(list.pending[0]).toMatchObject({ requestId: 'r', roles: ['operator'], scopes: [], remoteIp: null, expiresAt: 301_000 });
  expect(list.paired[0]).toMatchObject({ connected: false, tokens: [], roles: [] });
  expect(readDeviceList(undefined)).toEqual({ pending: [], paired: [] });
});

test('a request takes the place of the older one of the same device, and leaves', () => {
  const older = readPending({ requestId: 'one', deviceId: ID, role: 'operator', ts: 1 });
  const node = readPending({ requestId: 'two', deviceId: ID, role: 'node', ts: 1 });
  const newer = readPending({ requestId: 'three', deviceId: ID, role: 'operator', ts: 2 });
  const list = withPending({ pending: [older, node], paired: [] }, newer);
  expect(list.pending.map(({ requestId }) => requestId)).toEqual(['three', 'two']);
  expect(withoutPending(list, ({ requestId }) => requestId === 'three').pending).toEqual([node]);
  expect(withoutPending(list, () => false)).toBe(list);
});

test('presence says who came and who left', () => {
  const list = readDeviceList({ paired: [{ deviceId: ID, connected: false }, { deviceId: 'b', connected: true }] });
  const here = presentIds([{ deviceId: ID, reason: 'connect' }, { deviceId: 'b', reason: 'disconnect' }, { host: 'gateway' }]);
  const came = withPresence(list, new Set(), here, 5);
  expect(came.paired.map(({ connected }) => connected)).toEqual([true, true]);
  expect(withPresence(came, here, new Set(), 9).paired.map(({ connected }) => connected)).toEqual([false, true]);
  expect(withPresence(list, here, here, 9)).toBe(list);
});

test('why a device asks', () => {
  const request = readPending({ requestId: 'r', deviceId: ID, role: 'operator', ts: 1 });
  const paired = (tokens: unknown) => readDeviceList({ paired: [{ deviceId: ID, roles: ['operator'], tokens }] }).paired;
  expect(reasonOf(request, [])).toBe('new');
  expect(reasonOf(request, paired([{ role: 'operator', createdAtMs: 1 }]))).toBe('more');
  expect(reasonOf(request, paired([{ role: 'operator', createdAtMs: 1, revokedAtMs: 2 }]))).toBe('repair');
});

test('a device is unused after 90 days', () => {
  const [device] = readDeviceList({ paired: [{ deviceId: ID, approvedAtMs: 1, lastSeenAtMs: 1000 }] }).paired;
  if (!device) throw new Error('no device');
  expect(isUnused(device, 89 * 86_400_000)).toBe(false);
  expect(isUnused(device, 91 * 86_400_000)).toBe(true);
  expect(isUnused({ ...device, connected: true }, 91 * 86_400_000)).toBe(false);
});
