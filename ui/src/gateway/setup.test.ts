import { expect, test } from 'vitest';
import { readDeviceList } from './devices';
import { idsIn, progressOf, readOutstanding, readPageAddresses, readProgress, readSetupCode } from './setup';

test('a code, with an address and without', () => {
  const made = { setupId: 's', code: 'abc', expiresAtMs: 9 };
  expect(readSetupCode({ ...made, url: 'wss://gw.example' })).toMatchObject({ code: 'abc', url: 'wss://gw.example', localOnly: false, downgraded: false });
  expect(readSetupCode({ ...made, url: 'ws://127.0.0.1:18789', accessDowngraded: true })).toMatchObject({ localOnly: true, downgraded: true });
  expect(readSetupCode(made)).toMatchObject({ url: null, localOnly: true });
  expect(readSetupCode({})).toBeNull();
});

test('codes that still work, newest first', () => {
  const one = (setupId: string, state: string, createdAtMs: number, expiresAtMs: number) => ({ setupId, state, createdAtMs, expiresAtMs, access: 'node' });
  const listed = readOutstanding({ setups: [one('a', 'waiting', 1, 100), one('b', 'completed', 2, 100), one('c', 'waiting', 3, 100), one('d', 'waiting', 4, 10)] }, 50);
  expect(listed.map(({ setupId }) => setupId)).toEqual(['c', 'a']);
});

test('addresses of the page', () => {
  const answer = { addresses: { endpoints: [{ url: 'wss://gw.example/panel', source: 'public-origin' }, { url: 'ws://192.168.1.2:18789', source: 'lan' }, { url: 'ws://127.0.0.1:1', source: 'loopback' }] } };
  expect(readPageAddresses(answer, '/panel')).toEqual(['https://gw.example/panel/', 'http://192.168.1.2:18789/panel/']);
  expect(readPageAddresses({}, '')).toEqual([]);
});

test('a browser that asks is seen, then in', () => {
  const before = idsIn(readDeviceList({ paired: [{ deviceId: 'own' }], pending: [{ requestId: 'old', deviceId: 'other' }] }));
  const list = (pending: unknown[], paired: unknown[]) =>
    readDeviceList({ pending: [{ requestId: 'old', deviceId: 'other' }, ...pending], paired: [{ deviceId: 'own' }, ...paired] });
  expect(progressOf(list([], []), before, null)).toEqual({ state: 'waiting' });
  expect(progressOf(list([{ requestId: 'new', deviceId: 'n' }], []), before, null)).toEqual({ state: 'seen', deviceId: 'n', requestId: 'new' });
  expect(progressOf(list([], []), before, 'n')).toEqual({ state: 'waiting' });
  expect(progressOf(list([], [{ deviceId: 'n', approvedAtMs: 5 }]), before, 'n')).toEqual({ state: 'approved', deviceId: 'n' });
  expect(progressOf(null, before, null)).toEqual({ state: 'waiting' });
});

test.each([
  [{ state: 'waiting' }, { state: 'waiting' }],
  [{ state: 'used' }, { state: 'used' }],
  [{ state: 'completed', completion: { deviceId: 'd' } }, { state: 'approved', deviceId: 'd' }],
  [{ state: 'unknown' }, { state: 'gone' }],
  [{ state: 'expired' }, { state: 'gone' }],
])('%o is %o', (answer, progress) => {
  expect(readProgress(answer)).toEqual(progress);
});
