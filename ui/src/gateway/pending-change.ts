// A change of the gateway's settings that is taken back unless somebody confirms it. What this tab started is remembered over
// reloads and lost connections, so that the page can say how it ended.

import { effect, signal, untracked } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import type { ConfirmEnded, PendingConfirm } from '../wire/generated';
import { localTime } from './clock';
import { CallError, call, connection, has, live, on, retryNow } from './session';

/** How long a person has to confirm, in milliseconds. */
export const CONFIRM_WITHIN_MS = 60_000;

const KEY = 'openclaw.pending-change';

export interface Pending {
  readonly id: string;
  /** By the clock of this browser, milliseconds since the epoch. */
  readonly deadline: number;
  /** Dotted paths of what changed. */
  readonly keys: readonly string[];
  readonly by: string;
  /** Started in this tab. */
  readonly mine: boolean;
  /** Hash of the file with the change, when this tab knows it. */
  readonly hash: string | null;
}

export type Outcome = ConfirmEnded['outcome'];

export interface Ending {
  readonly outcome: Outcome;
  readonly keys: readonly string[];
  readonly mine: boolean;
  /** Decided in this tab. */
  readonly own: boolean;
  readonly at: number;
}

const now = signal<Pending | null>(null);
const last = signal<Ending | null>(null);

/** The change that waits. */
export const pending: ReadonlySignal<Pending | null> = now;
/** How the last one ended, until somebody has read it. */
export const ending: ReadonlySignal<Ending | null> = last;

export function dismissEnding(): void {
  last.value = null;
}

/** Reads what an earlier load of this tab left. */
export function parsePending(text: string | null): Pending | null {
  try {
    const value = JSON.parse(text ?? 'null') as Partial<Pending> | null;
    if (value === null || typeof value.id !== 'string' || typeof value.deadline !== 'number' || !Array.isArray(value.keys)) return null;
    return { id: value.id, deadline: value.deadline, keys: value.keys.map(String), by: String(value.by ?? ''), mine: true, hash: value.hash ?? null };
  } catch {
    return null;
  }
}

/** How a change ended that this tab lost sight of: by whether the file still is what the change made of it. */
export function outcomeOf(change: Pick<Pending, 'hash'>, hashNow: string): Outcome {
  return change.hash !== null && change.hash === hashNow ? 'confirmed' : 'reverted';
}

function remember(change: Pending | null): void {
  try {
    if (change?.mine) sessionStorage.setItem(KEY, JSON.stringify(change));
    else sessionStorage.removeItem(KEY);
  } catch {
    // Without storage the page only forgets over a reload.
  }
}

function stored(): Pending | null {
  try {
    return parsePending(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

/** Takes note of a change that waits. `skewMs`: clock of the gateway minus this browser's, where it is known better than from the sign-in. */
export function notePending(wire: PendingConfirm, how: { readonly mine?: boolean; readonly hash?: string | null; readonly skewMs?: number } = {}): void {
  const known = now.value?.id === wire.id ? now.value : stored()?.id === wire.id ? stored() : null;
  const change: Pending = {
    id: wire.id,
    deadline: how.skewMs === undefined ? localTime(wire.deadlineMs) : wire.deadlineMs - how.skewMs,
    keys: wire.keys,
    by: wire.by,
    mine: how.mine ?? known?.mine ?? false,
    hash: how.hash ?? known?.hash ?? null,
  };
  now.value = change;
  last.value = null;
  remember(change);
}

/** The change that this tab has decided on: its end may be told before the answer comes, or instead of it. */
let decided: string | null = null;

function end(outcome: Outcome, change: Pick<Pending, 'id' | 'keys' | 'mine'>): void {
  now.value = null;
  remember(null);
  last.value = { outcome, keys: change.keys, mine: change.mine, own: change.id === decided, at: Date.now() };
}

/** Keeps the settings, or takes them back at once. */
export async function decide(id: string, keep: boolean): Promise<void> {
  const change = now.value;
  decided = id;
  const { outcome } = await call('config.confirm', { id, keep }).catch((error: unknown) => {
    if (!(error instanceof CallError) || error.code !== 'DISCONNECTED') decided = null;
    throw error;
  });
  if (change?.id === id) end(outcome, change);
}

/** After a reconnect or a reload: asks what became of the change. */
async function resume(): Promise<void> {
  const change = now.value ?? stored();
  if (change === null) return;
  now.value = change;
  const status = await call('remote.status', {});
  if (status.pendingConfirm) {
    const other = status.pendingConfirm.id !== change.id;
    notePending(status.pendingConfirm, { skewMs: status.ts - Date.now() });
    if (!other) return;
  }
  if (now.value?.id !== change.id) return;
  const { hash } = await call('config.get', {});
  end(outcomeOf(change, hash), change);
}

/** Time after the deadline in which the gateway is back with the former settings. */
const SETTLE_MS = 1500;
let started = false;

/** Follows the change that waits, from now on. */
export function followPending(): void {
  if (started) return;
  started = true;
  now.value ??= stored();
  on('config.confirmPending', (payload) => notePending(payload));
  for (const event of ['config.confirmed', 'config.reverted'] as const) {
    on(event, ({ id, outcome, keys }) => {
      const change = now.value;
      end(outcome, { id, keys, mine: change?.id === id && change.mine });
    });
  }
  effect(() => {
    if (live.value && has('config.confirm')) untracked(() => void resume().catch(() => undefined));
  });
  // A refusal is final for the connection, but here it ends by itself: the former settings come back.
  effect(() => {
    const change = now.value;
    if (change === null) return undefined;
    const timer = setTimeout(
      () => {
        if (!live.peek()) retryNow();
      },
      Math.max(0, change.deadline - Date.now()) + SETTLE_MS,
    );
    return () => clearTimeout(timer);
  });
  effect(() => {
    const stuck = now.value !== null && connection.value.kind === 'blocked' && Date.now() > now.value.deadline + SETTLE_MS;
    if (!stuck) return undefined;
    const timer = setTimeout(retryNow, 3000);
    return () => clearTimeout(timer);
  });
}
