// What devices are and may do, in words.

import { kindOf } from '../gateway/devices';
import type { DeviceKind, PairedDevice, PendingDevice } from '../gateway/devices';
import { levelOf } from '../gateway/access';
import type { Level } from '../gateway/access';
import type { Place } from '../gateway/address';
import { messages } from './messages';
import { visible } from './visible';

const t = messages('people', {
  full: 'Full control',
  limited: 'Limited',
  approver: 'Approver',
  view: 'View only',
  none: 'No access',
  andNode: '{level}, and runs commands',
  'level.full': 'Can do everything: change settings, let others in, command every node.',
  'level.limited': 'Can look and run commands on nodes. Cannot change settings or let others in.',
  'level.approver': 'Can look, let others in and decide what may run. Cannot run commands or change settings.',
  'level.view': 'Can look. Cannot change anything.',
  'level.none': 'Can do nothing here.',
  'operator.admin': 'can change settings and do everything else',
  'operator.approvals': 'can decide which commands may run',
  'operator.pairing': 'can let devices and nodes in and end their access',
  'operator.questions': 'can answer questions of agents',
  'operator.read': 'can look at devices, nodes, logs and settings',
  'operator.talk': 'can use talk mode',
  'operator.talk.secrets': 'can read the credentials of talk mode',
  'operator.write': 'can run commands on nodes',
  other: 'holds {scope}',
  node: 'serves as a node: this gateway can run commands on it',
  'kind.browser': 'Browser',
  'kind.phone': 'Phone app',
  'kind.node': 'Node',
  'kind.cli': 'Command line',
  'kind.app': 'App',
  named: '{kind} on {platform}',
  'place.here': 'this machine',
  'place.network': 'private network',
  'place.tailnet': 'tailnet',
  'place.public': 'public address',
  gatewayHost: 'the gateway’s own machine, a tunnel or a proxy',
});

export function levelName(level: Level): string {
  return t(level);
}

export function levelSentence(level: Level): string {
  return t(`level.${level}`);
}

export function placeName(place: Place): string {
  return t(`place.${place}`);
}

/** `192.168.1.20, private network`. */
export function addressWith(ip: string | null, place: Place): string {
  if (ip === null) return t('gatewayHost');
  return `${visible(ip)}, ${t(`place.${place}`)}`;
}

const SCOPES = [
  'operator.admin',
  'operator.write',
  'operator.read',
  'operator.pairing',
  'operator.approvals',
  'operator.questions',
  'operator.talk',
  'operator.talk.secrets',
] as const;

/** What roles and scopes allow, one clause each, most first. */
export function clauses(roles: readonly string[], scopes: readonly string[]): string[] {
  const known = SCOPES.filter((scope) => scopes.includes(scope)).map((scope) => t(scope));
  const unknown = scopes.filter((scope) => !SCOPES.some((one) => one === scope)).map((scope) => t('other', { scope: visible(scope) }));
  return [...(roles.includes('node') ? [t('node')] : []), ...known, ...unknown];
}

export function kindName(kind: DeviceKind): string {
  return t(`kind.${kind}`);
}

const PLATFORMS: readonly (readonly [RegExp, string])[] = [
  [/iphone|ipad|ios/i, 'iOS'],
  [/android/i, 'Android'],
  [/mac|darwin/i, 'macOS'],
  [/win/i, 'Windows'],
  [/linux/i, 'Linux'],
];

/** The name of a device, or what it is: `Browser on Linux`. */
export function deviceName(device: Pick<PairedDevice | PendingDevice, 'displayName' | 'clientId' | 'clientMode' | 'platform' | 'family' | 'roles'>): string {
  if (device.displayName) return visible(device.displayName);
  const kind = kindName(kindOf(device));
  const platform = device.family ?? device.platform;
  if (!platform) return kind;
  return t('named', { kind, platform: PLATFORMS.find(([match]) => match.test(platform))?.[1] ?? visible(platform) });
}

/** Name of the access that scopes come to; a mere node has none as an operator. */
export function accessName(roles: readonly string[], scopes: readonly string[]): string {
  const level = levelOf(scopes);
  if (!roles.includes('node')) return t(level);
  return level === 'none' ? t('kind.node') : t('andNode', { level: t(level) });
}
