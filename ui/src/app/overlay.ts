// What lies over the page for a moment: one thing at a time, loaded when it is first asked for.

import { signal } from '@preact/signals';

export type OverlayName = 'palette' | 'help' | 'more';

export const overlay = signal<OverlayName | null>(null);

export function openOverlay(name: OverlayName): void {
  // A question that waits for an answer goes first.
  if (document.querySelector('dialog[open]') && overlay.peek() === null) return;
  overlay.value = overlay.peek() === name ? null : name;
}

export function closeOverlay(): void {
  overlay.value = null;
}
