// Decisions about commands: making them, and what became of those that this page saw. Kept for as long as the page is open.

import { effect, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import type { PendingApproval } from '../gateway/approvals';
import { isRaw } from '../gateway/devices';
import { CallError, call, on } from '../gateway/session';
import { pendingApprovals } from './waiting';

export const DECISIONS = ['deny', 'allow-once', 'allow-always'] as const;
export type Decision = (typeof DECISIONS)[number];

/** An approval that is over. */
export interface Ended {
  readonly approval: PendingApproval;
  /** `expired`: nobody decided in time. */
  readonly outcome: Decision | 'expired';
  /** Who decided: what the gateway calls them. */
  readonly by: string | null;
  /** This page decided. */
  readonly own: boolean;
  readonly at: number;
}

/** As many as are worth keeping. */
const MOST = 100;

const list = signal<readonly Ended[]>([]);
/** Approvals that ended while this page was open, newest first. */
export const ended: ReadonlySignal<readonly Ended[]> = list;

const inPlace = signal<ReadonlySet<string>>(new Set());
/** Approvals that a view shows where they came up: the panel leaves them out. */
export const shownInPlace: ReadonlySignal<ReadonlySet<string>> = inPlace;

/** Says that a view shows an approval, until the answer is called. */
export function showInPlace(id: string): () => void {
  inPlace.value = new Set([...inPlace.peek(), id]);
  return () => {
    inPlace.value = new Set([...inPlace.peek()].filter((one) => one !== id));
  };
}

const seen = new Map<string, PendingApproval>();
const own = new Set<string>();

function end(id: string, outcome: Ended['outcome'], by: string | null): void {
  const approval = seen.get(id);
  if (!approval) return;
  seen.delete(id);
  list.value = [{ approval, outcome, by, own: own.has(id), at: Date.now() }, ...list.peek()].slice(0, MOST);
}

/** Decides. Rejects with a [CallError] when somebody else was faster, or time was over. */
export async function decide(id: string, decision: Decision): Promise<void> {
  own.add(id);
  try {
    await call('exec.approval.resolve', { id, decision });
  } catch (error) {
    own.delete(id);
    throw error;
  }
}

/** What to tell a person whose decision failed. */
export function decisionProblem(error: unknown): string {
  return CallError.from(error, 'exec.approval.resolve').message;
}

function isDecision(value: unknown): value is Decision {
  return DECISIONS.some((decision) => decision === value);
}

/** Starts to watch, once. */
export function startDecisions(): void {
  on('exec.approval.resolved', (payload: unknown) => {
    if (!isRaw(payload) || typeof payload['id'] !== 'string' || !isDecision(payload['decision'])) return;
    const by = payload['resolvedBy'];
    end(payload['id'], payload['decision'], typeof by === 'string' ? by : null);
  });
  effect(() => {
    const waiting = pendingApprovals.value;
    for (const approval of waiting) seen.set(approval.id, approval);
    const ids = new Set(waiting.map(({ id }) => id));
    for (const { id, expiresAt } of [...seen.values()]) if (!ids.has(id) && expiresAt <= Date.now()) end(id, 'expired', null);
  });
}
