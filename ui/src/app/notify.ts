// Notifications of the system for what waits, only after the person asked for them.

import { signal } from '@preact/signals';
import { navigate } from './router';

const KEY = 'openclaw.control.notify';

function wanted(): boolean {
  try {
    return localStorage.getItem(KEY) === '1';
  } catch {
    return false;
  }
}

export type NotifyState = 'on' | 'off' | 'denied' | 'impossible';

function state(): NotifyState {
  // Browsers offer notifications on encrypted pages and on this machine only.
  if (typeof Notification === 'undefined' || !isSecureContext) return 'impossible';
  if (Notification.permission === 'denied') return 'denied';
  return wanted() && Notification.permission === 'granted' ? 'on' : 'off';
}

const current = signal<NotifyState>(typeof window === 'undefined' ? 'impossible' : state());

/** Whether what arrives is notified. */
export const notifyState = current;

/** Asks the browser for the right to notify. Call it from a click. */
export async function askToNotify(): Promise<void> {
  if ((await Notification.requestPermission()) === 'granted') remember('1');
  current.value = state();
}

export function stopNotifying(): void {
  remember(null);
  current.value = state();
}

function remember(value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, value);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** Notifies of something that arrived while the person looks elsewhere. */
export function arrived(id: string, text: string, path: string): void {
  if (current.value !== 'on' || document.hasFocus()) return;
  const shown = new Notification(text, { tag: `openclaw-${id}` });
  shown.onclick = () => {
    window.focus();
    navigate(path);
    shown.close();
  };
}
