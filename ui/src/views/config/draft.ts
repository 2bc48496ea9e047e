// What was typed in Config and is not saved: kept while the tab lives, whichever view is shown.

import { signal } from '@preact/signals';
import { setUnsaved } from '../../app/unsaved';
import type { ConfigSnapshot } from './data';
import { pruned } from './fields';
import type { Edits } from './fields';

export interface Draft {
  /** The file that the edits were made on. */
  readonly base: ConfigSnapshot;
  readonly edits: Edits;
  /** The whole text, when it was edited as text. */
  readonly text: string | null;
}

const draft = signal<Draft | null>(null);

export const currentDraft = draft;

/** Replaces the draft; one without edits is none. */
export function setDraft(next: Draft | null): void {
  const edits = next === null ? {} : pruned(next.base.parsed, next.edits);
  const text = next?.text === next?.base.raw ? null : (next?.text ?? null);
  draft.value = next === null || (Object.keys(edits).length === 0 && text === null) ? null : { base: next.base, edits, text };
  setUnsaved('config', draft.value !== null);
}
