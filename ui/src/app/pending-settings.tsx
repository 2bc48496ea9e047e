// Loads "Keep these settings?" only when something waits: it is not part of the first load.

import { signal, useSignalEffect } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { call, can, has, live, on } from '../gateway/session';
import type { PendingConfirm, RemoteStatus } from '../wire/generated';
import { route } from './router';

const shown = signal<ComponentType | null>(null);
let loading: Promise<typeof import('../views/config/keep')> | null = null;

/** Shows it from now on, with a change that this tab has not seen yet. */
export function showPendingSettings(seen?: PendingConfirm): void {
  loading ??= import('../views/config/keep');
  loading.then(
    ({ Keep, notePending }) => {
      if (seen) notePending(seen);
      shown.value = Keep;
    },
    () => (loading = null),
  );
}

/** Shows the change that waits, if the gateway says that one does. */
export function lookForPending(status: Pick<RemoteStatus, 'pendingConfirm'>): void {
  if (status.pendingConfirm) showPendingSettings(status.pendingConfirm);
}

/** Views that ask the gateway for its status themselves, and pass it on. */
const ASKING = ['overview', 'access', 'config'];

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
  // A change that was made before this tab was open, or while it was away.
  useSignalEffect(() => {
    if (!live.value || !has('config.confirm') || !can('operator.admin') || ASKING.includes(route.peek().view ?? '')) return;
    call('remote.status', {}).then(lookForPending, () => undefined);
  });
  const Keep = shown.value;
  return Keep && <Keep />;
}
