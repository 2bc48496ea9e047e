// How far the gateway's clock is from this browser's. Times that the gateway names are shown, and waited for, by the clock here.

import { signal } from '@preact/signals';

/** Differences below this are the way of the message, in milliseconds. */
const NOTICED_MS = 1000;

/** The gateway's clock minus this browser's, in milliseconds; 0 while they agree. */
export const skewMs = signal(0);

/** Takes note of the gateway's time at this moment. */
export function noteClock(theirs: number, ours: number): void {
  const away = theirs - ours;
  skewMs.value = Math.abs(away) < NOTICED_MS ? 0 : away;
}

/** A time of the gateway by the clock of this browser. */
export function localTime(at: number): number {
  return at - skewMs.peek();
}
