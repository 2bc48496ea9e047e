import { afterEach, expect, test, vi } from 'vitest';
import { readApproval } from './approvals';
import { noteClock } from './clock';
import { readDeviceList } from './devices';

afterEach(() => {
  noteClock(0, 0);
  vi.useRealTimers();
});

const NOW = 1_700_000_000_000;

test.each([
  ['the clocks agree', 0, 0],
  ['the way of the message', 900, 0],
  ['the browser is ten minutes ahead', -600_000, 600_000],
  ['the browser is behind', 5000, -5000],
])('%s: what waits ends by the clock of the browser', (_, away, shift) => {
  noteClock(NOW + away, NOW);
  const approval = readApproval({ id: 'a', request: { command: 'uname' }, createdAtMs: NOW, expiresAtMs: NOW + 120_000 });
  expect(approval).toMatchObject({ createdAt: NOW + shift, expiresAt: NOW + shift + 120_000 });
  const { pending, paired } = readDeviceList({
    pending: [{ requestId: 'r', deviceId: 'd', ts: NOW, expiresAtMs: NOW + 300_000 }],
    paired: [{ deviceId: 'e', approvedAtMs: NOW, tokens: [{ role: 'operator', createdAtMs: NOW }] }],
  });
  expect(pending[0]).toMatchObject({ ts: NOW + shift, expiresAt: NOW + shift + 300_000 });
  expect(paired[0]).toMatchObject({ approvedAt: NOW + shift, lastSeenAt: null, tokens: [{ createdAt: NOW + shift, revokedAt: null }] });
});

test('what the gateway does not date is dated here', () => {
  vi.useFakeTimers({ now: NOW });
  noteClock(NOW - 600_000, NOW);
  expect(readApproval({ id: 'a' })).toMatchObject({ createdAt: NOW, expiresAt: NOW + 120_000 });
  expect(readDeviceList({ pending: [{ requestId: 'r' }] }).pending[0]).toMatchObject({ ts: NOW, expiresAt: NOW + 300_000 });
});
