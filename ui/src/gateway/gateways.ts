// The gateways that this browser knows: names, colours, when they were last reached. No secrets.
//
// Which one a tab shows is the tab's own choice: a bookmark always opens the gateway that it names.

import { signal } from '@preact/signals';
import type { AccessLevel } from './access-level';
import { isAccessLevel } from './access-level';
import { normalize, ownAddress, sameGateway } from './gateway-address';
import { readItem, readObject, writeItem } from './storage';

export const COLOURS = ['none', 'teal', 'blue', 'violet', 'amber', 'red'] as const;
export type Colour = (typeof COLOURS)[number];

export interface KnownGateway {
  readonly url: string;
  /** What the person calls it; empty: its address stands for it. */
  readonly label: string;
  readonly colour: Colour;
  /** When a connection last succeeded, milliseconds since the epoch. */
  readonly lastOk: number | null;
  /** What signing in asks for there. */
  readonly access: AccessLevel;
  /** Keys and tokens stay in this browser. */
  readonly remember: boolean;
}

const KEY = 'openclaw.control.gateways.v1';
const TAB_KEY = 'openclaw.control.gateway';
const TAB_SAFE = 'openclaw.control.unencrypted';

function fresh(url: string): KnownGateway {
  return { url, label: '', colour: 'none', lastOk: null, access: 'full', remember: true };
}

function stored(): readonly KnownGateway[] {
  const list = readObject('local', KEY)?.['gateways'];
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown): KnownGateway[] => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { url, label, colour, lastOk, access, remember } = entry as Record<string, unknown>;
    const address = typeof url === 'string' ? normalize(url) : null;
    if (address === null) return [];
    return [
      {
        url: address,
        label: typeof label === 'string' ? label : '',
        colour: COLOURS.find((known) => known === colour) ?? 'none',
        lastOk: typeof lastOk === 'number' ? lastOk : null,
        access: typeof access === 'string' && isAccessLevel(access) ? access : 'full',
        remember: remember !== false,
      },
    ];
  });
}

/** Every gateway that was connected to, and those that the person added. */
export const gateways = signal<readonly KnownGateway[]>([]);
/** Address of the gateway that this tab shows. */
export const currentUrl = signal('');

/** Reads the lists. `safe`: as if there were none. */
export function startGateways(safe: boolean): void {
  gateways.value = safe ? [] : stored();
  const chosen = safe ? null : normalize(readItem('session', TAB_KEY) ?? '');
  currentUrl.value = chosen ?? ownAddress();
  addEventListener('storage', (event) => {
    if (event.key === KEY) gateways.value = stored();
  });
}

/** Whether the tab shows the gateway that served the page. */
export function isOwn(url: string): boolean {
  return sameGateway(url, ownAddress());
}

/** What is known of a gateway; something for one that is new. */
export function knownGateway(url: string): KnownGateway {
  return gateways.value.find((known) => known.url === url) ?? fresh(url);
}

export function chooseGateway(url: string): void {
  currentUrl.value = url;
  writeItem('session', TAB_KEY, url === ownAddress() ? null : url);
}

/** Notes something about a gateway, and the gateway itself when it is new. */
export function noteGateway(url: string, change: Partial<Omit<KnownGateway, 'url'>>): void {
  const entry = { ...knownGateway(url), ...change };
  const others = gateways.value.filter((known) => known.url !== url);
  keep([...others, entry].sort((a, b) => (a.url < b.url ? -1 : 1)));
}

export function dropGateway(url: string): void {
  keep(gateways.value.filter((known) => known.url !== url));
}

function keep(list: readonly KnownGateway[]): void {
  gateways.value = list;
  writeItem('local', KEY, JSON.stringify({ version: 1, gateways: list }));
}

/** Whether this tab was told to talk to a gateway without encryption. */
export function mayBeUnencrypted(url: string): boolean {
  return readItem('session', `${TAB_SAFE}:${url}`) === '1';
}

export function allowUnencrypted(url: string): void {
  // Without a store the question comes again after a reload.
  allowed.add(url);
  writeItem('session', `${TAB_SAFE}:${url}`, '1');
}

const allowed = new Set<string>();

export function wasAllowed(url: string): boolean {
  return allowed.has(url) || mayBeUnencrypted(url);
}
