// What the first screen does not need, but what cannot be loaded any more once the gateway is gone: it is loaded as soon as
// the page has time.

import { signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';

type Screens = typeof import('./screens');

const loaded = signal<Screens | null>(null);
let loading = false;

/** The screens of failures and the dialogs about gateways, once they are there. */
export const ahead: ReadonlySignal<Screens | null> = loaded;

export function loadAhead(): void {
  if (loading) return;
  loading = true;
  import('./screens').then(
    (screens) => (loaded.value = screens),
    // The next one who needs them asks again.
    () => (loading = false),
  );
}

/** After the first paint and the first answers. */
export function loadAheadSoon(): void {
  setTimeout(loadAhead, 1500);
}
