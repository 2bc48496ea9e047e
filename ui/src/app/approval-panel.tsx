// The panel that asks about commands on every view: in the corner, never in the way, never taking the focus.

import { signal, useSignalEffect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { shownInPlace, startDecisions } from './decisions';
import { isApple } from './platform';
import { route } from './router';
import { isTyping } from './shortcuts';
import { pendingApprovals } from './waiting';

startDecisions();

/** Approvals that the person put off: the panel comes back with the next one. */
const putOff = signal<ReadonlySet<string>>(new Set());

export function putOffApprovals(ids: readonly string[]): void {
  putOff.value = new Set([...putOff.peek(), ...ids]);
}

/** Watches, and loads the panel when there is something to show. */
export function ApprovalPanel() {
  const [Body, setBody] = useState<{ component: ComponentType<{ ids: string }> } | null>(null);
  const asked = useRef(false);
  useSignalEffect(() => {
    if (pendingApprovals.value.length === 0 || asked.current) return;
    asked.current = true;
    import('./approval-panel-body').then(
      (module) => setBody({ component: module.ApprovalPanelBody }),
      () => (asked.current = false),
    );
  });
  // The badge and the view tell of it as well, should the panel not load.
  // What a view shows where it came up is not asked a second time.
  const waiting = pendingApprovals.value.filter(({ id }) => !putOff.value.has(id) && !shownInPlace.value.has(id));
  if (Body === null || waiting.length === 0 || route.value.view === 'approvals') return null;
  return <Body.component ids={waiting.map(({ id }) => id).join(' ')} />;
}

/** Where the focus was before the panel got it. */
let before: HTMLElement | null = null;

/** Remembers where the focus comes from. */
export function rememberFocus(from: EventTarget | null): void {
  before = from instanceof HTMLElement ? from : null;
}

/** Gives the focus back; fields keep their caret. */
export function returnFocus(): void {
  const target = before?.isConnected ? before : document.querySelector<HTMLElement>('main h1');
  before = null;
  target?.focus();
}

/** Hears Alt+A wherever the focus is. */
export function useAltA(open: () => void): void {
  useEffect(() => {
    const hear = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.code !== 'KeyA') return;
      // There, Option and A write a letter.
      if (isApple() && isTyping(event.target)) return;
      event.preventDefault();
      open();
    };
    addEventListener('keydown', hear);
    return () => removeEventListener('keydown', hear);
  }, [open]);
}
