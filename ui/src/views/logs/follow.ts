// Keeps the lines current while the view is open and the page is visible.

import { signal, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Resource } from '../../gateway/resource';
import { CallError, call, can, has, live, onSwitch } from '../../gateway/session';
import { FIRST, MOST, append, begin, prepend } from './buffer';
import type { Buffer, Tail } from './buffer';

/** How often the gateway is asked while the page is visible, in milliseconds. */
const EVERY = 2000;

export interface Followed extends Resource<Buffer> {
  /** Whether older lines are on their way. */
  readonly loadingOlder: boolean;
  readonly loadOlder: () => void;
}

// Kept while other views are open: what is known stays there when the gateway is away.
const buffer = signal<Buffer | null>(null);
const asOf = signal<number | null>(null);

onSwitch(() => {
  buffer.value = null;
  asOf.value = null;
});

async function tail(params: { cursor?: number; limit: number; maxBytes: number }): Promise<Tail> {
  return (await call('logs.tail', params)) as Tail;
}

/** Follows the log. `added` hears how many lines came. */
export function useLogs(added: (before: Buffer, after: Buffer) => void): Followed {
  const error = useSignal<CallError | null>(null);
  const loadingOlder = useSignal(false);
  const tell = useRef(added);
  tell.current = added;
  const missing = live.value && !has('logs.tail');
  const forbidden = live.value && !can('operator.read') ? 'operator.read' : null;
  const usable = live.value && !missing && forbidden === null;
  const ask = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (!usable) return undefined;
    let open = true;
    let busy = false;
    const next = async () => {
      if (busy || document.hidden) return;
      busy = true;
      try {
        const before = buffer.peek();
        if (before === null) {
          const first = await tail(FIRST);
          if (open) buffer.value = begin(first);
        } else {
          const more = await tail({ cursor: before.cursor, ...MOST });
          const now = buffer.peek();
          if (open && now !== null) {
            buffer.value = append(now, more, MOST.limit);
            if (buffer.value !== now) tell.current(now, buffer.value);
          }
        }
        if (open) {
          asOf.value = Date.now();
          error.value = null;
        }
      } catch (failure) {
        if (!(failure instanceof CallError)) throw failure;
        if (open && failure.code !== 'DISCONNECTED') error.value = failure;
      } finally {
        busy = false;
      }
    };
    const now = () => void next();
    ask.current = now;
    now();
    const timer = setInterval(now, EVERY);
    document.addEventListener('visibilitychange', now);
    return () => {
      open = false;
      clearInterval(timer);
      document.removeEventListener('visibilitychange', now);
    };
  }, [usable]);

  const loadOlder = async () => {
    const older = buffer.peek()?.older;
    if (!older || loadingOlder.peek() || !live.peek()) return;
    loadingOlder.value = true;
    try {
      const longer = await tail(older);
      const now = buffer.peek();
      if (now !== null) buffer.value = prepend(now, longer, older);
    } catch (failure) {
      if (!(failure instanceof CallError)) throw failure;
      if (failure.code !== 'DISCONNECTED') error.value = failure;
    } finally {
      loadingOlder.value = false;
    }
  };

  return {
    data: buffer.value,
    asOf: asOf.value,
    error: error.value,
    forbidden,
    missing,
    reload: () => ask.current(),
    mutate: (change) => {
      if (buffer.peek() !== null) buffer.value = change(buffer.peek() as Buffer);
    },
    loadingOlder: loadingOlder.value,
    loadOlder: () => void loadOlder(),
  };
}
