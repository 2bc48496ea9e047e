// Which lines are shown. The filter is in the query of the address.

import { RESULTS } from './entry';
import type { Entry, Result } from './entry';

/** Groups of kinds; a word stands for every kind below it. The gateway is asked for exactly these. */
export const GROUPS = {
  signIns: ['connect', 'refuse', 'auth', 'client'],
  pairing: ['pair', 'setup'],
  tokens: ['token'],
  nodes: ['node'],
  commands: ['exec'],
  config: ['config', 'tailscale', 'reach', 'tls'],
  gateway: ['start', 'stop', 'restart', 'store', 'audit', 'gateway'],
} as const;
export type Group = keyof typeof GROUPS;
export const GROUP_NAMES = Object.keys(GROUPS) as readonly Group[];

export interface Filter {
  readonly group: Group | null;
  readonly result: Result | null;
  readonly text: string;
}

export function parseFilter(query: URLSearchParams): Filter {
  return {
    group: GROUP_NAMES.find((group) => group === query.get('kind')) ?? null,
    result: RESULTS.find((result) => result === query.get('result')) ?? null,
    text: query.get('q') ?? '',
  };
}

export function isFiltering({ group, result, text }: Filter): boolean {
  return group !== null || result !== null || text !== '';
}

/** Whether a kind is a word or below it: `pair.approve` is below `pair`. */
export function isBelow(kind: string, words: readonly string[]): boolean {
  return words.some((word) => kind === word || kind.startsWith(`${word}.`));
}

/** The lines that pass. `says` is what the view shows of a line, so that people find what they see. */
export function filterEntries(entries: readonly Entry[], filter: Filter, says: (entry: Entry) => string): readonly Entry[] {
  const wanted = filter.text.toLowerCase();
  return entries.filter((entry) => {
    if (filter.group !== null && !isBelow(entry.kind, GROUPS[filter.group])) return false;
    if (filter.result !== null && entry.result !== filter.result) return false;
    if (wanted === '') return true;
    const { kind, actor, actorName, object, objectName, ip } = entry;
    return [says(entry), kind, actor, actorName, object, objectName, ip].some((part) => part?.toLowerCase().includes(wanted));
  });
}
