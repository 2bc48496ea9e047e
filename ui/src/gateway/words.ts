// Six words that stand for a device id, the same here, on the command line and on a node. People compare them.
//
// The list is the gateway's own file: it cannot differ. It is loaded when the first words are shown.

import { signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';

const COUNT = 6;
const BITS_PER_WORD = 11;
/** Hex digits that hold 72 bits, of which the first 66 count. */
const DIGITS = 18;
const UNUSED_BITS = BigInt(DIGITS * 4 - COUNT * BITS_PER_WORD);

/** Positions of the words of a device id (64 hex digits) in the list; `null` for anything else. */
export function wordPositions(deviceId: string): readonly number[] | null {
  if (!/^[0-9a-f]{64}$/i.test(deviceId)) return null;
  const bits = BigInt(`0x${deviceId.slice(0, DIGITS)}`) >> UNUSED_BITS;
  return Array.from({ length: COUNT }, (_, index) => {
    const group = bits >> BigInt((COUNT - 1 - index) * BITS_PER_WORD);
    return Number(group & ((1n << BigInt(BITS_PER_WORD)) - 1n));
  });
}

/** The words of a device id from a list of 2048. */
export function wordsFrom(list: readonly string[], deviceId: string): readonly string[] | null {
  return wordPositions(deviceId)?.map((position) => list[position] ?? '') ?? null;
}

const loadedList = signal<readonly string[] | null>(null);
const failed = signal(false);
let loading: Promise<readonly string[]> | null = null;

/** The list once it is loaded. */
export const wordList: ReadonlySignal<readonly string[] | null> = loadedList;
/** The list could not be loaded: the page is older than the gateway, or the connection is gone. */
export const wordListFailed: ReadonlySignal<boolean> = failed;

/** Loads the list; later calls share the first. */
export function loadWordList(): Promise<readonly string[]> {
  loading ??= import('../../../crates/protocol/src/fingerprint/words.txt?raw').then(
    ({ default: text }) => {
      const list = text.trim().split('\n');
      loadedList.value = list;
      failed.value = false;
      return list;
    },
    (error: unknown) => {
      loading = null;
      failed.value = true;
      throw error;
    },
  );
  return loading;
}

/** The six words of a device id in one line; `null` for what is no device id. */
export async function wordsOf(deviceId: string): Promise<string | null> {
  return wordsFrom(await loadWordList(), deviceId)?.join(' ') ?? null;
}
