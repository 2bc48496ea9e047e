// What this page keeps in the browser, one line each.

/** Where something is kept. */
export type Where = 'local' | 'session' | 'database';

export interface StoredItem {
  readonly where: Where;
  readonly key: string;
  /** Characters; `null`: the browser does not tell. */
  readonly size: number | null;
  readonly what: What;
}

export const WHATS = ['settings', 'gateways', 'deviceKey', 'deviceToken', 'secret', 'notify', 'place', 'schema', 'change', 'other'] as const;
export type What = (typeof WHATS)[number];

/** What a key holds, by its name. */
export function whatIs(where: Where, key: string): What {
  if (where === 'database') return 'deviceKey';
  if (key.startsWith('openclaw.control.settings')) return 'settings';
  if (key.startsWith('openclaw.control.notify')) return 'notify';
  if (/device-identity/.test(key)) return 'deviceKey';
  if (/device\.auth/.test(key)) return 'deviceToken';
  if (/(secret|credential|token|password)/.test(key)) return 'secret';
  if (key.startsWith('openclaw.control.gateways')) return 'gateways';
  if (key === 'openclaw.config-schema') return 'schema';
  if (key === 'openclaw.pending-change') return 'change';
  return where === 'session' && key.startsWith('openclaw.control') ? 'place' : 'other';
}

function ofStore(where: 'local' | 'session'): readonly StoredItem[] {
  try {
    const store = where === 'local' ? localStorage : sessionStorage;
    return Object.keys(store)
      .filter((key) => /^openclaw/.test(key))
      .toSorted()
      .map((key) => ({ where, key, size: key.length + (store.getItem(key)?.length ?? 0), what: whatIs(where, key) }));
  } catch {
    return [];
  }
}

/** Everything that is kept. */
export async function listStored(): Promise<readonly StoredItem[]> {
  const databases = await databaseNames();
  return [...ofStore('local'), ...ofStore('session'), ...databases.map((key): StoredItem => ({ where: 'database', key, size: null, what: 'deviceKey' }))];
}

async function databaseNames(): Promise<readonly string[]> {
  try {
    return (await indexedDB.databases()).flatMap(({ name }) => (name?.startsWith('openclaw') ? [name] : []));
  } catch {
    return [];
  }
}

/** Takes one thing out of the browser. */
export async function removeStored({ where, key }: Pick<StoredItem, 'where' | 'key'>): Promise<void> {
  if (where === 'database') {
    await new Promise<void>((done, failed) => {
      const request = indexedDB.deleteDatabase(key);
      request.onsuccess = () => done();
      // An open connection of another tab delays it; it happens when that one closes.
      request.onblocked = () => done();
      request.onerror = () => failed(request.error ?? new Error(key));
    });
    return;
  }
  (where === 'local' ? localStorage : sessionStorage).removeItem(key);
}
