// Commands that wait for a decision, as the views see them. No text, no calls.

import { localTime } from './clock';
import { isRaw } from './devices';

/** A command that waits for a decision. */
export interface PendingApproval {
  readonly id: string;
  readonly command: string;
  readonly cwd: string | null;
  readonly host: string | null;
  readonly nodeId: string | null;
  readonly security: string | null;
  readonly ask: string | null;
  readonly agentId: string | null;
  readonly resolvedPath: string | null;
  readonly sessionKey: string | null;
  /** Who asked: what the gateway calls them. */
  readonly requestedBy: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** Reads an entry of `exec.approval.list`, or the payload of `exec.approval.requested`. */
export function readApproval(value: unknown): PendingApproval | null {
  if (!isRaw(value) || !text(value['id'])) return null;
  const request = isRaw(value['request']) ? value['request'] : {};
  const { createdAtMs, expiresAtMs } = value;
  return {
    id: text(value['id']) ?? '',
    command: text(request['command']) ?? '',
    cwd: text(request['cwd']),
    host: text(request['host']),
    nodeId: text(request['nodeId']),
    security: text(request['security']),
    ask: text(request['ask']),
    agentId: text(request['agentId']),
    resolvedPath: text(request['resolvedPath']),
    sessionKey: text(request['sessionKey']),
    requestedBy: text(value['requestedBy']),
    createdAt: typeof createdAtMs === 'number' ? localTime(createdAtMs) : Date.now(),
    expiresAt: typeof expiresAtMs === 'number' ? localTime(expiresAtMs) : Date.now() + 120_000,
  };
}

/** Reads the answer of `exec.approval.list`: a list, bare or as `pending`. */
export function readApprovals(answer: unknown): readonly PendingApproval[] {
  const list = Array.isArray(answer) ? answer : isRaw(answer) ? answer['pending'] : [];
  return Array.isArray(list) ? list.map(readApproval).filter((one) => one !== null) : [];
}

/** An approval that is over, as the gateway remembers it. */
export interface DecidedApproval {
  readonly id: string;
  readonly command: string;
  readonly host: string | null;
  readonly agentId: string | null;
  readonly outcome: 'deny' | 'allow-once' | 'allow-always' | 'expired';
  readonly by: string | null;
  readonly createdAt: number;
  readonly at: number;
}

function readDecided(item: Readonly<Record<string, unknown>>): DecidedApproval {
  const shown = isRaw(item['presentation']) ? item['presentation'] : {};
  const { createdAtMs, resolvedAtMs, decision } = item;
  const created = typeof createdAtMs === 'number' ? localTime(createdAtMs) : 0;
  return {
    id: text(item['id']) ?? '',
    command: text(shown['commandText']) ?? '',
    host: text(shown['host']),
    agentId: text(shown['agentId']),
    outcome: decision === 'deny' || decision === 'allow-once' || decision === 'allow-always' ? decision : 'expired',
    by: text(item['resolvedBy']),
    createdAt: created,
    at: typeof resolvedAtMs === 'number' ? localTime(resolvedAtMs) : created,
  };
}

/** Reads the answer of `approval.history`, newest first. */
export function readHistory(answer: unknown): readonly DecidedApproval[] {
  const items = isRaw(answer) && Array.isArray(answer['items']) ? answer['items'] : [];
  return items.filter(isRaw).map(readDecided);
}
