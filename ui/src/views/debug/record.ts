// Events and calls of this tab, since Debug was first opened.

import { effect, signal } from '@preact/signals';
import { hello, on } from '../../gateway/session';

export interface SeenEvent {
  readonly id: number;
  readonly at: number;
  readonly event: string;
  readonly payload: unknown;
}

export interface MadeCall {
  readonly id: number;
  readonly at: number;
  readonly method: string;
  readonly params: string;
  readonly ms: number;
  /** `null`: it was answered. */
  readonly refused: string | null;
}

/** Events that are kept. */
export const KEPT_EVENTS = 500;
const KEPT_CALLS = 30;

/** Newest first. */
export const events = signal<readonly SeenEvent[]>([]);
export const calls = signal<readonly MadeCall[]>([]);

let next = 1;
let stops: readonly (() => void)[] = [];
let started = false;

/** Starts to listen, once: to every event that the gateway says it sends. */
export function startRecording(): void {
  if (started) return;
  started = true;
  let names = '';
  effect(() => {
    const offered = hello.value?.features.events ?? [];
    if (offered.join(' ') === names) return;
    names = offered.join(' ');
    for (const stop of stops) stop();
    stops = offered.map((event) =>
      on(event as Parameters<typeof on>[0], (payload: unknown) => {
        events.value = [{ id: next, at: Date.now(), event, payload }, ...events.peek()].slice(0, KEPT_EVENTS);
        next += 1;
      }),
    );
  });
}

export function noteCall(call: Omit<MadeCall, 'id'>): void {
  calls.value = [{ ...call, id: next }, ...calls.peek()].slice(0, KEPT_CALLS);
  next += 1;
}
