import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// The connection as a person could have it: lost, refused, back.
const fake = vi.hoisted(() => ({
  connection: null as unknown as { value: { kind: string } },
  live: null as unknown as { value: boolean; peek: () => boolean },
  listeners: new Map<string, (payload: unknown) => void>(),
  answers: new Map<string, unknown>(),
  sent: [] as string[],
  retried: 0,
}));

vi.mock('./session', async () => {
  const { signal } = await import('@preact/signals');
  fake.connection = signal({ kind: 'online' });
  fake.live = signal(true);
  return {
    CallError: (await import('./call-error')).CallError,
    connection: fake.connection,
    live: fake.live,
    has: () => true,
    retryNow: () => (fake.retried += 1),
    on: (event: string, listener: (payload: unknown) => void) => {
      fake.listeners.set(event, listener);
      return () => undefined;
    },
    call: (method: string) => {
      fake.sent.push(method);
      return Promise.resolve(fake.answers.get(method));
    },
  };
});

const WAITS = { id: 'a', deadlineMs: 60_000, keys: ['gateway.port'], by: 'me' };

beforeEach(() => {
  vi.useFakeTimers({ now: 0 });
  vi.resetModules();
  const kept = new Map<string, string>();
  vi.stubGlobal('sessionStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => kept.set(key, value), removeItem: (key: string) => kept.delete(key) });
  fake.sent = [];
  fake.retried = 0;
  fake.answers = new Map();
});
afterEach(() => vi.useRealTimers());

const settled = () => vi.advanceTimersByTimeAsync(0);

test('the gateway says that it took the change back', async () => {
  const { ending, followPending, notePending, pending } = await import('./pending-change');
  notePending(WAITS, { mine: true, hash: 'new' });
  fake.answers.set('remote.status', { ts: 0, pendingConfirm: WAITS });
  followPending();
  await settled();
  expect(pending.value).toMatchObject({ id: 'a', mine: true, deadline: 60_000 });
  fake.listeners.get('config.reverted')?.({ id: 'a', outcome: 'reverted', keys: ['gateway.port'] });
  expect(pending.value).toBeNull();
  expect(ending.value).toMatchObject({ outcome: 'reverted', mine: true, own: false });
});

test('taken back in this tab, told before the answer', async () => {
  const { decide, ending, followPending, notePending } = await import('./pending-change');
  notePending(WAITS, { mine: true, hash: 'new' });
  fake.answers.set('remote.status', { ts: 0, pendingConfirm: WAITS });
  fake.answers.set('config.confirm', { outcome: 'reverted' });
  followPending();
  await settled();
  const answered = decide('a', false);
  fake.listeners.get('config.reverted')?.({ id: 'a', outcome: 'reverted', keys: ['gateway.port'] });
  expect(ending.value).toMatchObject({ outcome: 'reverted', own: true });
  await answered;
  expect(ending.value).toMatchObject({ outcome: 'reverted', own: true });
});

test.each([
  ['old', 'reverted'],
  ['new', 'confirmed'],
])('lost and back, the file has hash %s: %s', async (hash, outcome) => {
  const { ending, followPending, notePending } = await import('./pending-change');
  notePending(WAITS, { mine: true, hash: 'new' });
  fake.live.value = false;
  followPending();
  fake.answers.set('remote.status', { ts: 0, pendingConfirm: null });
  fake.answers.set('config.get', { hash });
  fake.live.value = true;
  await settled();
  expect(ending.value?.outcome).toBe(outcome);
  expect(sessionStorage.getItem('openclaw.pending-change')).toBeNull();
});

test('refused for good: tried again by itself once the former settings are back', async () => {
  const { followPending, notePending } = await import('./pending-change');
  fake.live.value = false;
  fake.connection.value = { kind: 'blocked' };
  notePending(WAITS, { mine: true, hash: 'new' });
  followPending();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(fake.retried).toBe(0);
  await vi.advanceTimersByTimeAsync(2000);
  expect(fake.retried).toBe(1);
  // Refused once more, because the gateway was slower than the page.
  fake.connection.value = { kind: 'opening' };
  fake.connection.value = { kind: 'blocked' };
  await vi.advanceTimersByTimeAsync(3000);
  expect(fake.retried).toBe(2);
});

test('a reload finds the change again', async () => {
  const first = await import('./pending-change');
  first.notePending(WAITS, { mine: true, hash: 'new', skewMs: 1000 });
  vi.resetModules();
  const { followPending, pending } = await import('./pending-change');
  fake.answers.set('remote.status', { ts: 1000, pendingConfirm: WAITS });
  followPending();
  await settled();
  expect(pending.value).toMatchObject({ id: 'a', mine: true, hash: 'new', deadline: 59_000 });
});

