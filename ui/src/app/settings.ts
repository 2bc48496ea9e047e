// Settings of this browser. No secrets.

import { signal } from '@preact/signals';

export const LANGUAGES = ['en', 'en-XA', 'ar-XB'] as const;
export type Language = (typeof LANGUAGES)[number];

export interface Settings {
  readonly theme: 'system' | 'light' | 'dark';
  readonly density: 'normal' | 'compact';
  /** `en-XA` and `ar-XB` are made from English to test layouts. */
  readonly locale: Language;
  readonly timeFormat: 'auto' | '12' | '24';
  readonly motion: 'system' | 'none';
  /** Whether single keys do something outside of fields. */
  readonly shortcuts: boolean;
}

export const SETTINGS_KEY = 'openclaw.control.settings.v2';
const DEFAULTS: Settings = { theme: 'system', density: 'normal', locale: 'en', timeFormat: 'auto', motion: 'system', shortcuts: true };

/** Reads what is stored; what does not fit is as if it were not there. */
export function readSettings(value: unknown): Settings {
  const raw = typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const one = <V>(name: keyof Settings, values: readonly V[], otherwise: V): V => values.find((known) => known === raw[name]) ?? otherwise;
  return {
    theme: one('theme', ['system', 'light', 'dark'] as const, DEFAULTS.theme),
    density: one('density', ['normal', 'compact'] as const, DEFAULTS.density),
    locale: one('locale', LANGUAGES, DEFAULTS.locale),
    timeFormat: one('timeFormat', ['auto', '12', '24'] as const, DEFAULTS.timeFormat),
    motion: one('motion', ['system', 'none'] as const, DEFAULTS.motion),
    shortcuts: raw['shortcuts'] !== false,
  };
}

/** `?safe=1` leaves stored settings alone for this load; `boot.js` has taken it out of the address. */
function isSafe(): boolean {
  return /[?&]safe=1(&|$)/.test(window.openclawLaunch?.search ?? '');
}

function stored(): Settings {
  try {
    return isSafe() ? DEFAULTS : readSettings(JSON.parse(localStorage.getItem(SETTINGS_KEY) ?? '{}'));
  } catch {
    return DEFAULTS;
  }
}

export const settings = signal<Settings>(typeof localStorage === 'undefined' ? DEFAULTS : stored());

/** Changes settings and keeps them. */
export function change(part: Partial<Settings>): void {
  settings.value = { ...settings.value, ...part };
  try {
    localStorage.setItem(SETTINGS_KEY, JSON.stringify(settings.value));
  } catch {
    // A full or closed store costs the memory of a choice, nothing else.
  }
}

/** As if nothing had ever been chosen here. */
export function resetSettings(): void {
  settings.value = DEFAULTS;
}
