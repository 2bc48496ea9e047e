// Loads "Keep these settings?" only when something waits: it is not part of the first load.

import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useEffect } from 'preact/hooks';
import { on } from '../gateway/session';

const shown = signal<ComponentType | null>(null);
let loading = false;

/** Shows it from now on. */
export function showPendingSettings(): void {
  if (loading) return;
  loading = true;
  import('../views/config/keep').then(
    ({ Keep }) => (shown.value = Keep),
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
    const stops = (['config.confirmPending', 'config.reverted'] as const).map((event) => on(event, showPendingSettings));
    return () => stops.forEach((stop) => stop());
  }, []);
  const Keep = shown.value;
  return Keep && <Keep />;
}
