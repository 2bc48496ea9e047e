// This browser's keys: one per gateway, so that two gateways cannot tell that they know the same browser.
//
// Where the browser can, the private key is one that no script can read, in IndexedDB. Elsewhere (plain HTTP, old
// browsers) it is 32 bytes in localStorage, in the shape of older pages. A record that an older page left belongs to the
// gateway that served that page: its own. It is taken over for that gateway only, and its readable copy is removed once
// the gateway has accepted it.

import { fromBase64url, toBase64url, toHex } from './bytes';
import { readItem, readObject, writeItem } from './storage';

export interface Identity {
  readonly deviceId: string;
  /** Raw public key, base64url. */
  readonly publicKey: string;
  /** How the private key is kept. */
  readonly kept: 'sealed' | 'readable' | 'memory';
  readonly sign: (text: string) => Promise<string>;
}

const LEGACY = 'openclaw-device-identity-v1';
const DATABASE = 'openclaw-ui';
const STORE = 'identity';
/** DER of an Ed25519 private key up to its 32 bytes. */
const PKCS8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

interface Sealed {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
  readonly createdAtMs: number;
}

const known = new Map<string, Promise<Identity>>();

/** Where the readable key of a gateway is kept. */
function readableKey(gateway: string, own: boolean): string {
  return own ? LEGACY : `${LEGACY}:${gateway}`;
}

/** The key for a gateway, made when there is none. `remember` off: a key for this page alone. */
export function identityFor(gateway: string, own: boolean, remember: boolean): Promise<Identity> {
  const found = known.get(gateway);
  if (found) return found;
  const made = find(gateway, own, remember);
  known.set(gateway, made);
  made.catch(() => known.delete(gateway));
  return made;
}

async function find(gateway: string, own: boolean, remember: boolean): Promise<Identity> {
  const readable = remember ? readRecord(readableKey(gateway, own)) : null;
  if (await canSeal()) {
    // A store that is closed leaves the key in memory.
    const stored: unknown = remember ? await database('readonly', (store) => store.get(gateway)).catch(() => undefined) : undefined;
    if (isSealed(stored)) return sealedIdentity(stored, 'sealed');
    if (readable) {
      const sealed = await importRecord(readable).catch(() => null);
      if (sealed) {
        const kept = await database('readwrite', (store) => store.put(sealed, gateway)).then(() => true, () => false);
        return sealedIdentity(sealed, kept ? 'sealed' : 'readable');
      }
    }
    const sealed = await newSealed();
    const kept = remember && (await database('readwrite', (store) => store.put(sealed, gateway)).then(() => true, () => false));
    return sealedIdentity(sealed, kept ? 'sealed' : 'memory');
  }
  return javascriptIdentity(readable, readableKey(gateway, own), remember);
}

/** After the gateway has accepted a sealed key: the readable copy of an older page is of no more use. */
export function accepted(gateway: string, own: boolean, identity: Identity): void {
  if (identity.kept !== 'sealed') return;
  const key = readableKey(gateway, own);
  if (readRecord(key)?.deviceId === identity.deviceId) writeItem('local', key, null);
}

/** Removes the key of a gateway. The next connect makes a new one, which has to be approved. */
export async function forgetIdentity(gateway: string, own: boolean): Promise<void> {
  known.delete(gateway);
  writeItem('local', readableKey(gateway, own), null);
  if (typeof indexedDB !== 'undefined') await database('readwrite', (store) => store.delete(gateway)).catch(() => undefined);
}

let sealable: Promise<boolean> | null = null;

function canSeal(): Promise<boolean> {
  sealable ??= (async () => {
    if (!globalThis.isSecureContext || typeof indexedDB === 'undefined' || !globalThis.crypto?.subtle) return false;
    try {
      await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
      return true;
    } catch {
      return false;
    }
  })();
  return sealable;
}

async function newSealed(): Promise<Sealed> {
  const pair = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { ...(await named(raw)), privateKey: pair.privateKey, createdAtMs: Date.now() };
}

async function named(raw: Uint8Array<ArrayBuffer>): Promise<{ deviceId: string; publicKey: string }> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', raw));
  return { deviceId: toHex(digest), publicKey: toBase64url(raw) };
}

async function importRecord(record: Readable): Promise<Sealed> {
  const der = Uint8Array.from([...PKCS8, ...record.secret]);
  const privateKey = await crypto.subtle.importKey('pkcs8', der, 'Ed25519', false, ['sign']);
  const { deviceId, publicKey } = await named(record.raw);
  return { deviceId, publicKey, privateKey, createdAtMs: record.createdAtMs };
}

function sealedIdentity(sealed: Sealed, kept: Identity['kept']): Identity {
  const { deviceId, publicKey, privateKey } = sealed;
  return {
    deviceId,
    publicKey,
    kept,
    sign: async (text) => toBase64url(new Uint8Array(await crypto.subtle.sign('Ed25519', privateKey, new TextEncoder().encode(text)))),
  };
}

async function javascriptIdentity(record: Readable | null, key: string, remember: boolean): Promise<Identity> {
  const javascript = await import('./key-javascript');
  const secret = record?.secret ?? javascript.newPrivateKey();
  const raw = javascript.publicKeyOf(secret);
  const deviceId = toHex(javascript.digest(raw));
  const publicKey = toBase64url(raw);
  let kept: Identity['kept'] = record ? 'readable' : 'memory';
  if (!record && remember) {
    const stored = { version: 1, deviceId, publicKey, privateKey: toBase64url(secret), createdAtMs: Date.now() };
    if (writeItem('local', key, JSON.stringify(stored))) kept = 'readable';
  }
  return { deviceId, publicKey, kept, sign: async (text) => toBase64url(javascript.signWith(secret, new TextEncoder().encode(text))) };
}

interface Readable {
  readonly deviceId: string;
  readonly secret: Uint8Array<ArrayBuffer>;
  readonly raw: Uint8Array<ArrayBuffer>;
  readonly createdAtMs: number;
}

function readRecord(key: string): Readable | null {
  if (readItem('local', key) === null) return null;
  const value = readObject('local', key);
  const { deviceId, privateKey, publicKey, createdAtMs } = value ?? {};
  if (typeof deviceId !== 'string' || typeof privateKey !== 'string' || typeof publicKey !== 'string') return null;
  const [secret, raw] = [fromBase64url(privateKey), fromBase64url(publicKey)];
  if (secret?.length !== 32 || raw?.length !== 32) return null;
  return { deviceId, secret, raw, createdAtMs: typeof createdAtMs === 'number' ? createdAtMs : Date.now() };
}

function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null && 'privateKey' in value && value.privateKey instanceof CryptoKey;
}

function database<T>(mode: IDBTransactionMode, run: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error ?? new Error('the key store is closed'));
    opening.onsuccess = () => {
      const open = opening.result;
      const transaction = open.transaction(STORE, mode);
      const request = run(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        open.close();
        resolve(request.result);
      };
      transaction.onerror = () => {
        open.close();
        reject(transaction.error ?? new Error('the key store failed'));
      };
    };
  });
}
