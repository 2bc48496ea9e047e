// Settings of this browser. No secrets.

import { effect, signal } from '@preact/signals';

export interface Settings {
  theme: 'system' | 'light' | 'dark';
  density: 'normal' | 'compact';
}

const KEY = 'openclaw.control.settings.v2';
const DEFAULTS: Settings = { theme: 'system', density: 'normal' };

function stored(): Settings {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return { ...DEFAULTS, ...(typeof value === 'object' && value !== null ? value : {}) };
  } catch {
    return DEFAULTS;
  }
}

export const settings = signal<Settings>(typeof localStorage === 'undefined' ? DEFAULTS : stored());

/** Changes settings and keeps them. */
export function change(part: Partial<Settings>): void {
  settings.value = { ...settings.value, ...part };
  try {
    localStorage.setItem(KEY, JSON.stringify(settings.value));
  } catch {
    // A full or closed store costs the memory of a choice, nothing else.
  }
}

/** Whether the page looks dark now. */
export function isDark(): boolean {
  const { theme } = settings.value;
  return theme === 'dark' || (theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);
}

/** Applies the settings to the document. */
export function startTheme(): void {
  effect(() => {
    const { theme, density } = settings.value;
    const { dataset } = document.documentElement;
    if (theme === 'system') delete dataset['theme'];
    else dataset['theme'] = theme;
    if (density === 'compact') dataset['density'] = 'compact';
    else delete dataset['density'];
  });
}
