// Codes that let one device in, and the addresses they lead to. No text, no calls.

import { localTime } from './clock';
import { isRaw } from './devices';
import type { DeviceList } from './devices';

export interface SetupCode {
  readonly setupId: string;
  /** What the other device is given. */
  readonly code: string;
  /** Address in it; `null` when there was none to put in. */
  readonly url: string | null;
  /** Only the gateway's own machine reaches that address. */
  readonly localOnly: boolean;
  readonly expiresAt: number;
  readonly downgraded: boolean;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function number(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

/** Reads the answer of `device.pair.setupCode`. */
export function readSetupCode(answer: unknown): SetupCode | null {
  if (!isRaw(answer)) return null;
  const [setupId, code, url] = [text(answer['setupId']), text(answer['code']) ?? text(answer['setupCode']), text(answer['url']) ?? text(answer['gatewayUrl'])];
  if (!code) return null;
  return {
    setupId: setupId ?? '',
    code,
    url,
    localOnly: url === null || /^wss?:\/\/(127\.|localhost[:/]|localhost$|\[::1\])/.test(url),
    expiresAt: localTime(number(answer['expiresAtMs'])),
    downgraded: answer['accessDowngraded'] === true,
  };
}

export interface OutstandingCode {
  readonly setupId: string;
  readonly access: string;
  readonly state: string;
  readonly url: string | null;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Reads the answer of `device.pair.setupList`: the codes that still let somebody in, newest first. */
export function readOutstanding(answer: unknown, now: number): readonly OutstandingCode[] {
  const setups = isRaw(answer) && Array.isArray(answer['setups']) ? answer['setups'].filter(isRaw) : [];
  return setups
    .map((one) => ({
      setupId: text(one['setupId']) ?? '',
      access: text(one['access']) ?? '',
      state: text(one['state']) ?? '',
      url: text(one['url']),
      createdAt: localTime(number(one['createdAtMs'])),
      expiresAt: localTime(number(one['expiresAtMs'])),
    }))
    .filter(({ state, expiresAt }) => (state === 'waiting' || state === 'used') && expiresAt > now)
    .sort((a, b) => b.createdAt - a.createdAt);
}

/** Reads the addresses of `remote.status {addresses: true}` that other machines reach, as the page's address there. */
export function readPageAddresses(answer: unknown, basePath: string): readonly string[] {
  const addresses = isRaw(answer) && isRaw(answer['addresses']) ? answer['addresses'] : {};
  const endpoints = Array.isArray(addresses['endpoints']) ? addresses['endpoints'].filter(isRaw) : [];
  const pages = endpoints
    .filter(({ source }) => source !== 'loopback')
    .map(({ url }) => text(url))
    .filter((url) => url !== null)
    .map((url) => `${url.replace(/^ws/, 'http').replace(/\/+$/, '')}`)
    .map((url) => (basePath !== '' && url.endsWith(basePath) ? `${url}/` : `${url}${basePath}/`));
  return [...new Set(pages)].slice(0, 6);
}

/** What became of a new device, as the wizard shows it. */
export type Progress =
  | { readonly state: 'waiting' | 'used' | 'gone' }
  | { readonly state: 'seen'; readonly deviceId: string; readonly requestId: string }
  | { readonly state: 'approved'; readonly deviceId: string };

/** Follows a browser that asks by itself: what is new in the list since the wizard opened. */
export function progressOf(list: DeviceList | null, before: ReadonlySet<string>, seen: string | null): Progress {
  const asking = list?.pending.find(({ requestId, deviceId }) => deviceId === seen || !before.has(requestId));
  const newest = list?.paired.filter(({ deviceId }) => !before.has(deviceId)).toSorted((a, b) => b.approvedAt - a.approvedAt)[0];
  // A device that was known may ask again: then only its request is new.
  const known = seen === null || asking ? undefined : list?.paired.find(({ deviceId, connected }) => deviceId === seen && connected);
  const came = newest ?? known;
  if (asking && asking.deviceId !== newest?.deviceId) return { state: 'seen', deviceId: asking.deviceId, requestId: asking.requestId };
  return came ? { state: 'approved', deviceId: came.deviceId } : { state: 'waiting' };
}

/** Everything that is in the list now: requests and devices. */
export function idsIn(list: DeviceList | null): ReadonlySet<string> {
  return new Set([...(list?.pending.map(({ requestId }) => requestId) ?? []), ...(list?.paired.map(({ deviceId }) => deviceId) ?? [])]);
}

/** Reads the answer of `device.pair.setupStatus`. */
export function readProgress(answer: unknown): Progress {
  const state = isRaw(answer) ? answer['state'] : null;
  const completion = isRaw(answer) && isRaw(answer['completion']) ? answer['completion'] : {};
  if (state === 'completed') return { state: 'approved', deviceId: text(completion['deviceId']) ?? '' };
  if (state === 'waiting' || state === 'used') return { state };
  return { state: 'gone' };
}

