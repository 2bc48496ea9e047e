// How an approval ended, in words.

import type { Tone } from '../../parts/states';
import { visible } from '../../text/visible';
import { t } from './text';

type Outcome = 'deny' | 'allow-once' | 'allow-always' | 'expired';

export function outcomeTone(outcome: Outcome): Tone {
  return outcome === 'deny' ? 'bad' : outcome === 'expired' ? 'warn' : 'ok';
}

/** `Denied by Phone`. */
export function outcomeSentence(outcome: Outcome, by: string | null): string {
  if (outcome === 'expired' || by === null) return t(`ended.${outcome}`);
  return t('endedBy', { ended: t(`ended.${outcome}`), by: visible(by) });
}
