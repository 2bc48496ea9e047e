// Keys of the whole page. Single keys work outside of fields only, and can be switched off.

import { connection, retryNow } from '../gateway/session';
import { openOverlay, overlay } from './overlay';
import { navigate } from './router';
import type { ViewName } from './router';
import { settings } from './settings';

/** The key after `g`. */
export const VIEW_KEYS: Readonly<Partial<Record<string, ViewName>>> = {
  o: 'overview',
  a: 'access',
  d: 'devices',
  n: 'nodes',
  p: 'approvals',
  c: 'clients',
  y: 'activity',
  l: 'logs',
  f: 'config',
  b: 'debug',
  s: 'settings',
};

/** How long the second key may take, in milliseconds. */
const SECOND_KEY = 1500;

export type KeyAction = { readonly do: 'palette' | 'help' | 'filter' | 'retry' | 'wait' } | { readonly do: 'go'; readonly view: ViewName };

export interface Pressed {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
}

/** What keys mean. `typing`: in a field; `dialog`: a dialog is open; `afterG`: `g` was pressed just now. */
export function actionOf(pressed: Pressed, where: { typing: boolean; dialog: boolean; afterG: boolean; single: boolean }): KeyAction | null {
  const { key, ctrlKey, metaKey, altKey } = pressed;
  if (key.toLowerCase() === 'k' && (ctrlKey || metaKey) && !altKey) return { do: 'palette' };
  if (ctrlKey || metaKey || altKey || where.typing || where.dialog || !where.single) return null;
  const view = where.afterG ? VIEW_KEYS[key] : undefined;
  if (view) return { do: 'go', view };
  switch (key) {
    case 'g':
      return { do: 'wait' };
    case '/':
      return { do: 'filter' };
    case '?':
      return { do: 'help' };
    case '.':
      return { do: 'retry' };
    default:
      return null;
  }
}

/** Whether keys write into an element. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Listens, once. */
export function startShortcuts(): void {
  let pressedG = 0;
  addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    const action = actionOf(event, {
      typing: isTyping(event.target),
      dialog: document.querySelector('dialog[open]') !== null,
      afterG: event.timeStamp - pressedG < SECOND_KEY,
      single: settings.peek().shortcuts,
    });
    pressedG = action?.do === 'wait' ? event.timeStamp : 0;
    if (action === null || action.do === 'wait') return;
    // Before the first hello there is nothing but the way in.
    if (!document.getElementById('content')) return;
    event.preventDefault();
    if (action.do === 'go') navigate(`/${action.view}`);
    else if (action.do === 'filter') focusFilter();
    else if (action.do === 'retry') {
      if (connection.peek().kind === 'retrying') retryNow();
    } else if (overlay.peek() === null || action.do === 'palette') openOverlay(action.do);
  });
}

function focusFilter(): void {
  const field = document.querySelector<HTMLInputElement>('main [data-filter], main input[type="search"]');
  field?.focus();
  field?.select();
}
