import { signal } from '@preact/signals';
import { dateTime, duration, relative } from '../text/time';

/** The time now, changing every second while the page is visible. Only what shows times depends on it. */
export const now = signal(Date.now());

if (typeof document !== 'undefined') {
  setInterval(() => {
    if (!document.hidden) now.value = Date.now();
  }, 1000);
}

/** How long ago; the exact time on hover. */
export function Ago({ at }: { at: number }) {
  return (
    <time class="nowrap" dateTime={new Date(at).toISOString()} title={dateTime(at)}>
      {relative(Math.min(at, now.value), now.value)}
    </time>
  );
}

/** How much is left until a time. */
export function Until({ at }: { at: number }) {
  return <span class="nowrap">{duration(Math.max(0, at - now.value))}</span>;
}
