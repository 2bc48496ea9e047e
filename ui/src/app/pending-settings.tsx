// Loads "Keep these settings?" only when something waits: it is not part of the first load.

import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { on } from '../gateway/session';
import type { PendingConfirm } from '../wire/generated';

const shown = signal<ComponentType | null>(null);
let loading = false;

/** Shows it from now on, with a change that this tab has not seen yet. */
export function showPendingSettings(seen?: PendingConfirm): void {
  if (loading) return;
  loading = true;
  import('../views/config/keep').then(
    ({ Keep, notePending }) => {
      if (seen) notePending(seen);
      shown.value = Keep;
    },
    () => (loading = false),
  );
}

function left(): boolean {
  try {
    return sessionStorage.getItem('openclaw.pending-change') !== null;
  } catch {
    return false;
  }
}

export function PendingSettings() {
  useEffect(() => {
    if (left()) showPendingSettings();
    return on('config.confirmPending', (payload) => showPendingSettings(payload));
  }, []);
  const Keep = shown.value;
  return Keep && <Keep />;
}
