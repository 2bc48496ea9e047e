// Since when the gateway runs, from what it said when it admitted this page.

import { effect, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { hello } from './session';

const started = signal<number | null>(null);

/** Start of the gateway on this browser's clock, milliseconds since the epoch. */
export const startedAt: ReadonlySignal<number | null> = started;

/** Follows every hello. */
export function startUptime(): void {
  effect(() => {
    const uptime = hello.value?.snapshot['uptimeMs'];
    started.value = typeof uptime === 'number' ? Date.now() - uptime : null;
  });
}
