// Numbers next to views: how much waits for the person there.

import { computed, signal } from '@preact/signals';
import type { ViewName } from './router';

/** Count by view; a view sets its own with `setBadge`. */
const counts = signal<Readonly<Partial<Record<ViewName, number>>>>({});

export function setBadge(view: ViewName, count: number): void {
  if ((counts.peek()[view] ?? 0) !== count) counts.value = { ...counts.peek(), [view]: count };
}

export function badge(view: ViewName): number {
  return counts.value[view] ?? 0;
}

export const badgeTotal = computed(() => Object.values(counts.value).reduce((sum, count) => sum + count, 0));
