// What this tab saw happen, for gateways that keep no record of their own. Started with the page, kept until it closes.

import { effect, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { isRaw } from '../../gateway/devices';
import { connection, hello, on } from '../../gateway/session';
import type { Entry, Result } from './entry';

const MOST = 500;
const seen = signal<readonly Entry[]>([]);

/** Newest first. */
export const tabEntries: ReadonlySignal<readonly Entry[]> = seen;

let next = -1;
let started = false;

function note(kind: string, more: Partial<Entry> = {}): void {
  const entry: Entry = {
    id: next,
    at: Date.now(),
    kind,
    actor: '',
    actorName: null,
    object: null,
    objectName: null,
    ip: null,
    result: 'ok',
    detail: null,
    ...more,
  };
  next -= 1;
  seen.value = [entry, ...seen.value].slice(0, MOST);
}

function text(payload: Readonly<Record<string, unknown>>, name: string): string | null {
  const value = payload[name];
  return typeof value === 'string' ? value : null;
}

/** Starts to note, once. */
export function startTabActivity(): void {
  if (started) return;
  started = true;
  const follow = (event: string, kind: (payload: Readonly<Record<string, unknown>>) => readonly [string, Result]) =>
    on(event as Parameters<typeof on>[0], (payload: unknown) => {
      if (!isRaw(payload)) return;
      const [name, result] = kind(payload);
      const id = text(payload, 'deviceId') ?? text(payload, 'nodeId') ?? text(payload, 'requestId') ?? text(payload, 'id');
      note(name, { object: id, objectName: text(payload, 'displayName'), ip: text(payload, 'remoteIp'), result, detail: payload });
    });
  const decided = (family: string) => (payload: Readonly<Record<string, unknown>>) => {
    const decision = text(payload, 'decision');
    if (decision === 'approved') return [`${family}.approve`, 'ok'] as const;
    return decision === 'rejected' ? ([`${family}.reject`, 'denied'] as const) : ([`${family}.expire`, 'expired'] as const);
  };
  follow('device.pair.requested', () => ['pair.request', 'ok']);
  follow('device.pair.resolved', decided('pair'));
  follow('node.pair.requested', () => ['node.request', 'ok']);
  follow('node.pair.resolved', decided('node'));
  follow('exec.approval.resolved', (payload) => ['exec.approval', text(payload, 'decision') === 'deny' ? 'denied' : 'ok']);
  let before = '';
  effect(() => {
    const { kind } = connection.value;
    if (kind === 'online' && before !== 'online') note('tab.online', { actor: hello.peek()?.server.connId ?? '' });
    if (kind !== 'online' && before === 'online') note('tab.lost', { result: 'expired' });
    before = kind;
  });
}
