// Which devices the table shows. Pure.

import { levelOf } from '../../gateway/access';
import { isRevoked, isUnused, lastUsed, operatorScopes } from '../../gateway/devices';
import type { PairedDevice } from '../../gateway/devices';
import { LEVELS } from '../../gateway/access';
import { wordsFrom } from '../../gateway/words';
import { deviceName } from '../../text/access';

export const SHOWS = ['all', 'connected', 'nodes', 'full', 'unused', 'revoked'] as const;
export type Show = (typeof SHOWS)[number];

export function isShow(text: string | null): text is Show {
  return SHOWS.some((show) => show === text);
}

function fits(device: PairedDevice, show: Show, now: number): boolean {
  switch (show) {
    case 'all':
      return true;
    case 'connected':
      return device.connected;
    case 'nodes':
      return device.roles.includes('node');
    case 'full':
      return levelOf(operatorScopes(device)) === 'full' && !isRevoked(device);
    case 'unused':
      return isUnused(device, now);
    case 'revoked':
      return isRevoked(device);
  }
}

/** Fewer digits of an id are in too many ids by chance. */
const ID_DIGITS = 4;

/** Devices of a filter whose name, words or address hold every word of the search; ids fit from their beginning. */
export function select(devices: readonly PairedDevice[], show: Show, search: string, list: readonly string[] | null, now: number): readonly PairedDevice[] {
  const parts = search.toLowerCase().split(/\s+/).filter(Boolean);
  return devices.filter((device) => {
    if (!fits(device, show, now)) return false;
    if (parts.length === 0) return true;
    const words = list ? (wordsFrom(list, device.deviceId)?.join(' ') ?? '') : '';
    const hay = `${deviceName(device)} ${words} ${device.remoteIp ?? ''}`.toLowerCase();
    return parts.every((part) => hay.includes(part) || (part.length >= ID_DIGITS && device.deviceId.startsWith(part)));
  });
}

/** From most to least access. */
export function byAccess(a: PairedDevice, b: PairedDevice): number {
  const rank = (device: PairedDevice) => LEVELS.indexOf(levelOf(operatorScopes(device)));
  return rank(a) - rank(b);
}

/** Connected first, then the most recently used. */
export function byUse(a: PairedDevice, b: PairedDevice): number {
  return Number(b.connected) - Number(a.connected) || lastUsed(b) - lastUsed(a);
}

/** Which of the selected devices an action may reach: the own one only when the person says so. */
export function targets(selected: ReadonlySet<string>, devices: readonly PairedDevice[], own: string | null, includeOwn: boolean): readonly PairedDevice[] {
  const chosen = devices.filter(({ deviceId }) => selected.has(deviceId) && (includeOwn || deviceId !== own));
  // The own one goes last: after it there may be no connection.
  return [...chosen.filter(({ deviceId }) => deviceId !== own), ...chosen.filter(({ deviceId }) => deviceId === own)];
}

/** Above this many, the person types the number. */
export const TYPED_ABOVE = 3;
