// Reading and writing what browsers keep. Stores may be closed (private windows, policies): then nothing is kept.

export function readItem(store: 'local' | 'session', key: string): string | null {
  try {
    return (store === 'local' ? localStorage : sessionStorage).getItem(key);
  } catch {
    return null;
  }
}

export function writeItem(store: 'local' | 'session', key: string, value: string | null): boolean {
  try {
    const target = store === 'local' ? localStorage : sessionStorage;
    if (value === null) target.removeItem(key);
    else target.setItem(key, value);
    return true;
  } catch {
    return false;
  }
}

export function readObject(store: 'local' | 'session', key: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(readItem(store, key) ?? 'null');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Names of everything in a store that begins like this. */
export function keysOf(store: 'local' | 'session', prefix: string): readonly string[] {
  try {
    return Object.keys(store === 'local' ? localStorage : sessionStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}
