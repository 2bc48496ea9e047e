// Puts the settings of this browser into the document: looks, language, direction, clock.

import { effect, signal } from '@preact/signals';
import { locale, setTransform } from '../text/messages';
import { hourCycle } from '../text/time';
import { settings } from './settings';
import type { Language } from './settings';

export { change, settings } from './settings';

const systemIsDark = signal(false);

/** Whether the page looks dark now. */
export function isDark(): boolean {
  const { theme } = settings.value;
  return theme === 'dark' || (theme === 'system' && systemIsDark.value);
}

/** The reader's own kind of English: it decides how dates and numbers look. */
function english(): string {
  return navigator.languages.find((language) => /^en\b/i.test(language)) ?? 'en';
}

async function speak(language: Language): Promise<void> {
  const { documentElement } = document;
  if (language === 'en') {
    setTransform(null);
    locale.value = english();
  } else {
    const { transformOf } = await import('../text/pseudo');
    if (settings.peek().locale !== language) return;
    setTransform(transformOf(language));
    locale.value = language;
  }
  documentElement.lang = language === 'en' ? 'en' : language;
  documentElement.dir = language === 'ar-XB' ? 'rtl' : 'ltr';
}

/** Applies the settings to the document. */
export function startTheme(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  systemIsDark.value = dark.matches;
  dark.addEventListener('change', () => (systemIsDark.value = dark.matches));
  effect(() => {
    const { theme, density, motion, timeFormat } = settings.value;
    const { dataset } = document.documentElement;
    put(dataset, 'theme', theme === 'system' ? null : theme);
    put(dataset, 'density', density === 'compact' ? density : null);
    put(dataset, 'motion', motion === 'none' ? motion : null);
    hourCycle.value = timeFormat === '12' ? 'h12' : timeFormat === '24' ? 'h23' : undefined;
  });
  effect(() => {
    // A locale that cannot be loaded leaves English, which is there.
    speak(settings.value.locale).catch(() => undefined);
  });
}

function put(dataset: DOMStringMap, name: string, value: string | null): void {
  if (value === null) delete dataset[name];
  else dataset[name] = value;
}
