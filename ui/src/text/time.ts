// Times, durations and sizes as people read them, by the browser's own rules.

import { computed, signal } from '@preact/signals';
import { locale } from './messages';

/** Whether clocks count to 12 or to 24; `undefined` follows the language. */
export const hourCycle = signal<'h12' | 'h23' | undefined>(undefined);

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
];

// Making a formatter costs a hundred times what using one does: each is made once per language and clock.
const agoFormat = computed(() => new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' }));
const clockFormat = computed(() => new Intl.DateTimeFormat(locale.value, { timeStyle: 'medium', hourCycle: hourCycle.value }));
const dateTimeFormat = computed(() => new Intl.DateTimeFormat(locale.value, { dateStyle: 'medium', timeStyle: 'short', hourCycle: hourCycle.value }));

/** `12 minutes ago`, `in 3 hours`. Times are milliseconds since the epoch. */
export function relative(at: number, now: number): string {
  const away = at - now;
  const [unit, size] = UNITS.find(([, size]) => Math.abs(away) >= size) ?? (['second', 1000] as const);
  return agoFormat.value.format(Math.trunc(away / size), unit);
}

/** `14:02:11`. */
export function clock(at: number): string {
  return clockFormat.value.format(at);
}

/** `27 Nov 2026, 14:02`. */
export function dateTime(at: number): string {
  return dateTimeFormat.value.format(at);
}

/** `2 d 3 h`, `12 min`, `8 s`: the two largest units. */
export function duration(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1000));
  const parts = [
    [Math.floor(total / 86_400), 'day'],
    [Math.floor(total / 3600) % 24, 'hour'],
    [Math.floor(total / 60) % 60, 'minute'],
    [total % 60, 'second'],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first < 0 ? parts.slice(3) : parts.slice(first, first + 2);
  return shown
    .filter(([count], index) => index === 0 || count > 0)
    .map(([count, unit]) => new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: 'narrow' }).format(count))
    .join(' ');
}

/** `167 bytes`, `12 kB`, `25.3 GB`. */
export function bytes(count: number): string {
  const [unit, size] =
    count >= 1_000_000_000
      ? (['gigabyte', 1_000_000_000] as const)
      : count >= 1_000_000
        ? (['megabyte', 1_000_000] as const)
        : count >= 1000
          ? (['kilobyte', 1000] as const)
          : (['byte', 1] as const);
  return new Intl.NumberFormat(locale.value, { style: 'unit', unit, unitDisplay: unit === 'byte' ? 'long' : 'short', maximumFractionDigits: 1 }).format(count / size);
}
