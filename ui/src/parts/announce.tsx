// What happened, for everybody: shown for a moment and spoken by screen readers. Errors stay until they are dismissed.

import { signal } from '@preact/signals';
import { Button } from './button';
import { Icon } from './icon';
import { t } from './text';

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly bad: boolean;
}

const toasts = signal<readonly Toast[]>([]);
const spoken = signal('');
let next = 0;

/** Shows the result of an action of the person. */
export function toast(text: string, how: { bad?: boolean } = {}): void {
  const id = (next += 1);
  toasts.value = [...toasts.value.slice(-3), { id, text, bad: how.bad ?? false }];
  if (!how.bad) setTimeout(() => dismiss(id), 5000);
}

/** Says something to screen readers only. */
export function announce(text: string): void {
  spoken.value = '';
  queueMicrotask(() => (spoken.value = text));
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Announcements() {
  return (
    <>
      <div class="visually-hidden" role="status">
        {spoken.value}
      </div>
      <div class="toasts" role="status">
        {toasts.value.map(({ id, text, bad }) => (
          <div key={id} class={bad ? 'toast tone-bad' : 'toast'}>
            <Icon name={bad ? 'error' : 'check'} />
            <span class="grow">{text}</span>
            <Button kind="quiet" icon="close" iconOnly onClick={() => dismiss(id)}>
              {t('dismiss')}
            </Button>
          </div>
        ))}
      </div>
    </>
  );
}
