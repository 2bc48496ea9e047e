// What is typed into the console: parameters, and the command that does the same.

import { quoteWord } from '../../text/shell-words';

export type Parsed = { readonly ok: true; readonly value: object } | { readonly ok: false; readonly why: 'json' | 'object'; readonly reason: string };

/** Reads parameters; nothing typed means none. */
export function parseParams(text: string): Parsed {
  if (text.trim() === '') return { ok: true, value: {} };
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return { ok: false, why: 'object', reason: '' };
    return { ok: true, value };
  } catch (error) {
    return { ok: false, why: 'json', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** The command that makes the same call. */
export function asCommand(method: string, params: object): string {
  const given = Object.keys(params).length === 0 ? '' : ` --params ${quoteWord(JSON.stringify(params))}`;
  return `openclaw gateway call ${quoteWord(method || 'METHOD')}${given} --json`;
}
