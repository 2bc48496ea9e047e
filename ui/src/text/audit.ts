// Lines of the audit log as sentences.

import type { AuditLine } from '../gateway/audit';
import type { PairedDevice } from '../gateway/devices';
import { deviceName } from './access';
import { messages } from './messages';
import { visible } from './visible';

const t = messages('audit', {
  start: 'The gateway started',
  stop: 'The gateway stopped',
  connect: 'Signed in',
  disconnect: 'Left',
  refuse: 'A sign-in was refused ({reason})',
  'pair.request': '{object} asked to be let in',
  'pair.approve': '{object} was let in',
  'pair.reject': '{object} was rejected',
  'pair.expire': 'The request of {object} expired',
  'pair.remove': '{object} was removed',
  'pair.rename': '{object} was renamed',
  'token.issue': '{object} got a token of its own',
  'token.rotate': 'The token of {object} was rotated',
  'token.revoke': 'The access of {object} was revoked',
  'setup.create': 'A code for a new device was made',
  'setup.use': 'A device came in with a code',
  'setup.revoke': 'A code was revoked',
  'setup.fetch': 'A join link was opened',
  'node.approve': 'Commands of {object} were approved',
  'node.reject': 'Commands of {object} were rejected',
  'node.rename': 'Node {object} was renamed',
  'exec.approval': 'A command was decided on',
  'exec.approvals.set': 'The rules for commands were changed',
  'client.disconnect': 'A connection was ended',
  'config.write': 'The config was changed',
  'audit.dropped': 'Lines of this log were dropped',
  'auth.unlock': 'A lock-out after wrong sign-ins was lifted',
  other: '{kind} {object}',
  gateway: 'by the gateway itself',
  control: 'by the command line on its machine',
  by: 'by {name}',
  byFrom: 'by {name}, from {ip}',
  device: 'a device',
});

const KNOWN = [
  'start',
  'stop',
  'connect',
  'disconnect',
  'refuse',
  'pair.request',
  'pair.approve',
  'pair.reject',
  'pair.expire',
  'pair.remove',
  'pair.rename',
  'token.issue',
  'token.rotate',
  'token.revoke',
  'setup.create',
  'setup.use',
  'setup.revoke',
  'setup.fetch',
  'node.approve',
  'node.reject',
  'node.rename',
  'exec.approval',
  'exec.approvals.set',
  'client.disconnect',
  'config.write',
  'audit.dropped',
  'auth.unlock',
] as const;

/** What happened. */
export function auditSentence(line: AuditLine, paired: readonly PairedDevice[]): string {
  const object = named(line.object, line.objectName, paired);
  const kind = KNOWN.find((kind) => kind === line.kind);
  if (!kind) return t('other', { kind: visible(line.kind), object: line.object ? object : '' }).trim();
  return t(kind, { object, reason: visible(String(line.detail['reason'] ?? line.result)) });
}

/** Who did it, and from where. */
export function actorName(line: AuditLine, paired: readonly PairedDevice[]): string {
  if (line.actor === 'gateway') return t('gateway');
  if (line.actor === 'control') return t('control');
  const name = named(line.actor, line.actorName, paired);
  return line.ip ? t('byFrom', { name, ip: visible(line.ip) }) : t('by', { name });
}

function named(id: string | null, name: string | null, paired: readonly PairedDevice[]): string {
  if (name) return visible(name);
  const device = paired.find(({ deviceId }) => deviceId === id);
  if (device) return deviceName(device);
  if (!id) return t('device');
  return /^[0-9a-f]{64}$/.test(id) ? `${id.slice(0, 8)}…` : visible(id);
}
