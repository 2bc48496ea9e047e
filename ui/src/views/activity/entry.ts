// Lines of the gateway's audit log as the view shows them. No text, no calls.

import { isRaw } from '../../gateway/devices';

/** How an audited step ended. */
export const RESULTS = ['ok', 'denied', 'expired'] as const;
export type Result = (typeof RESULTS)[number];

export interface Entry {
  /** Number of the line; negative for what only this tab saw. */
  readonly id: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly kind: string;
  readonly actor: string;
  readonly actorName: string | null;
  readonly object: string | null;
  readonly objectName: string | null;
  readonly ip: string | null;
  readonly result: Result;
  readonly detail: unknown;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Kinds that say by themselves that it did not happen. */
function resultOf(kind: string): Result {
  if (/(^|\.)(refuse|reject|denied)$/.test(kind)) return 'denied';
  return kind.endsWith('.expire') ? 'expired' : 'ok';
}

/** Reads an entry of `audit.list`, or the payload of `audit.appended`. */
export function readEntry(value: unknown): Entry | null {
  if (!isRaw(value)) return null;
  const id = value['id'] ?? value['seq'];
  const kind = text(value['kind']);
  if (typeof id !== 'number' || kind === null) return null;
  return {
    id,
    at: typeof value['ts'] === 'number' ? value['ts'] : 0,
    kind,
    actor: text(value['actor']) ?? '',
    actorName: text(value['actorName']),
    object: text(value['object']) ?? text(value['subject']),
    objectName: text(value['objectName']),
    ip: text(value['ip']) ?? text(value['remote_ip']),
    result: RESULTS.find((result) => result === value['result']) ?? resultOf(kind),
    detail: value['detail'] ?? value['details'] ?? null,
  };
}

/** Reads the answer of `audit.list`, newest first. */
export function readEntries(answer: unknown): readonly Entry[] {
  const list = isRaw(answer) && Array.isArray(answer['entries']) ? answer['entries'] : [];
  return list.map(readEntry).filter((entry) => entry !== null).toSorted((a, b) => b.id - a.id);
}

/** Both lists as one, newest first, each line once. */
export function merge(some: readonly Entry[], others: readonly Entry[]): readonly Entry[] {
  const byId = new Map([...some, ...others].map((entry) => [entry.id, entry]));
  return [...byId.values()].toSorted((a, b) => b.id - a.id);
}

/** Whether an id is a device's: the SHA-256 of its key. */
export function isDeviceId(id: string): boolean {
  return /^[0-9a-f]{64}$/.test(id);
}
