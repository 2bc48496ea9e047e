// Lines of the audit log, as the views see them. No text, no calls.

import { isRaw } from './devices';

export interface AuditLine {
  readonly id: number;
  readonly ts: number;
  /** `connect`, `refuse`, `pair.approve`, `config.write`, … */
  readonly kind: string;
  readonly actor: string;
  readonly actorName: string | null;
  readonly object: string | null;
  readonly objectName: string | null;
  readonly ip: string | null;
  readonly result: 'ok' | 'denied' | 'expired';
  readonly detail: Readonly<Record<string, unknown>>;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Reads one line: an entry of `audit.list`, or the payload of `audit.appended`. */
export function readAuditLine(raw: Readonly<Record<string, unknown>>): AuditLine {
  const { id, seq, ts, result } = raw;
  const kind = text(raw['kind']) ?? '';
  const denied = kind === 'refuse' || kind.endsWith('.reject');
  const detail = raw['detail'] ?? raw['details'];
  return {
    id: typeof id === 'number' ? id : typeof seq === 'number' ? seq : 0,
    ts: typeof ts === 'number' ? ts : 0,
    kind,
    actor: text(raw['actor']) ?? '',
    actorName: text(raw['actorName']),
    object: text(raw['object']) ?? text(raw['subject']),
    objectName: text(raw['objectName']),
    ip: text(raw['ip']) ?? text(raw['remote_ip']),
    result: result === 'denied' || result === 'expired' ? result : result === undefined && denied ? 'denied' : 'ok',
    detail: isRaw(detail) ? detail : {},
  };
}

/** Reads the answer of `audit.list`, oldest first. */
export function readAudit(answer: unknown): readonly AuditLine[] {
  const entries = isRaw(answer) ? answer['entries'] : null;
  return Array.isArray(entries) ? entries.filter(isRaw).map(readAuditLine) : [];
}
