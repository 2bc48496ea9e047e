// Data of a view: loaded when the view opens, again after a reconnect or an event, kept while the gateway is away.

import { useSignal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { EventName, MethodName, Scope } from '../wire/generated';
import { CallError, can, has, live, on, onMissed, onSwitch, pollingPaused } from './session';

/** What a view knows about its data. */
export interface Resource<T> {
  /** The last answer, of now or of before the connection was lost. */
  readonly data: T | null;
  /** When it was loaded, milliseconds since the epoch. */
  readonly asOf: number | null;
  /** Why the newest attempt failed. */
  readonly error: CallError | null;
  /** Scope that this page lacks for it. */
  readonly forbidden: Scope | null;
  /** The gateway does not offer it. */
  readonly missing: boolean;
  readonly reload: () => void;
  /** Changes what is shown at once; the next answer replaces it. */
  readonly mutate: (change: (data: T) => T) => void;
}

export interface ResourceOptions<T> {
  /** Name under which the last answer is kept for this tab; the same in every view that shows the same data. */
  readonly key: string;
  readonly load: () => Promise<T>;
  /** Method that must be offered. */
  readonly method?: MethodName;
  /** Scope that must be granted. */
  readonly scope?: Scope;
  /** Events after which to load again (at most once per 300 ms). */
  readonly events?: readonly EventName[];
  /** Loads again this often while the page is visible, in milliseconds. */
  readonly everyMs?: number;
}

const kept = new Map<string, { data: unknown; asOf: number }>();

// Another gateway, other data.
onSwitch(() => kept.clear());

/** Forgets everything that was kept. */
export function forgetResources(): void {
  kept.clear();
}

/** Loads and follows data. Give `load` only what does not change, or change `key` with it. */
export function useResource<T>(options: ResourceOptions<T>): Resource<T> {
  const { key, events, everyMs, method, scope } = options;
  const load = useRef(options.load);
  load.current = options.load;
  const entry = useSignal<{ key: string; data: T | null; asOf: number | null; error: CallError | null }>(before<T>(key));
  if (entry.peek().key !== key) entry.value = before<T>(key);
  const missing = method !== undefined && live.value && !has(method);
  const forbidden = scope !== undefined && live.value && !can(scope) ? scope : null;
  const usable = live.value && !missing && forbidden === null;
  const asked = useRef<() => void>(() => undefined);

  useEffect(() => {
    if (!usable) return undefined;
    let open = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      try {
        const data = await load.current();
        if (!open) return;
        kept.set(key, { data, asOf: Date.now() });
        entry.value = { key, data, asOf: Date.now(), error: null };
      } catch (thrown) {
        if (!open) return;
        const error = CallError.from(thrown, key);
        if (error.code !== 'DISCONNECTED') entry.value = { ...entry.peek(), error };
      }
    };
    const soon = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void ask();
      }, 300);
    };
    asked.current = () => void ask();
    void ask();
    // Events that were missed may have been any of these.
    const stops = [...(events ?? []).map((event) => on(event, soon)), onMissed(soon)];
    const tick = everyMs === undefined ? undefined : setInterval(() => document.hidden || Date.now() < pollingPaused.value || void ask(), everyMs);
    return () => {
      open = false;
      clearTimeout(timer);
      clearInterval(tick);
      for (const stop of stops) stop();
    };
  }, [key, usable, everyMs]);

  const { data, asOf, error } = (entry as ReadonlySignal<typeof entry.value>).value;
  return {
    data,
    asOf,
    error,
    forbidden,
    missing,
    reload: () => asked.current(),
    mutate: (change) => {
      const now = entry.peek();
      if (now.data !== null) entry.value = { ...now, data: change(now.data) };
    },
  };
}

function before<T>(key: string): { key: string; data: T | null; asOf: number | null; error: CallError | null } {
  const last = kept.get(key);
  return { key, data: last ? (last.data as T) : null, asOf: last?.asOf ?? null, error: null };
}
