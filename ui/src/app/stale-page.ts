// A page that is older than its gateway: it loads itself again, once per version, when nothing would be lost.

import { readItem, writeItem } from '../gateway/storage';
import { unsaved } from './unsaved';

const KEY = 'openclaw.control.reloaded';

/** Whether a person is in the middle of something. */
export function isBusy(root: ParentNode = document): boolean {
  if (unsaved.peek() || root.querySelector('dialog[open], [data-dirty]')) return true;
  return [...root.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')].some(
    (field) => field.matches(':focus') && field.value !== '',
  );
}

/** Loads the page again for a version, unless that was tried or would lose something. */
export function reloadOnce(version: string): void {
  if (readItem('session', KEY) === version || isBusy()) return;
  // A store that is closed cannot remember the try: then the person decides.
  if (writeItem('session', KEY, version)) location.reload();
}
