// What somebody has typed and not saved. Kept while the tab lives; closing the tab asks first, and the page never reloads by
// itself meanwhile.

import { computed, signal } from '@preact/signals';

const names = signal<ReadonlySet<string>>(new Set());

/** Whether anything is unsaved. */
export const unsaved = computed(() => names.value.size > 0);

function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** Says whether something named has unsaved edits. */
export function setUnsaved(name: string, dirty: boolean): void {
  const before = names.peek();
  if (before.has(name) === dirty) return;
  const after = new Set(before);
  if (dirty) after.add(name);
  else after.delete(name);
  names.value = after;
  if (after.size > 0) addEventListener('beforeunload', ask);
  else removeEventListener('beforeunload', ask);
}
