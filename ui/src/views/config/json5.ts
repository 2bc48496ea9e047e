// The text of a config file: its value, where things are in it, its comments, and matching brackets.

import { evaluate, parse } from '@humanwhocodes/momoa';
import type { DocumentNode, ValueNode } from '@humanwhocodes/momoa';
import { MASK } from '../../gateway/config-edit';
import type { Json, JsonObject, Path } from '../../gateway/config-edit';

/** A place in the text, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface SyntaxProblem extends Place {
  readonly message: string;
}

export interface ReadText {
  /** `null` when the text cannot be read. */
  readonly value: JsonObject | null;
  readonly problem: SyntaxProblem | null;
  /** Texts of the comments, in order. */
  readonly comments: readonly string[];
  /** Where the value at a path starts; the nearest place above when it is not there. */
  readonly locate: (path: Path) => Place;
}

const TOP: Place = { line: 1, column: 1 };

/** Reads JSON5. */
export function readText(text: string): ReadText {
  const failed = (message: string, place: Place): ReadText => ({ value: null, problem: { message, ...place }, comments: [], locate: () => TOP });
  if (text.trim() === '') return { value: {}, problem: null, comments: [], locate: () => TOP };
  let document: DocumentNode;
  try {
    document = parse(text, { mode: 'json5', ranges: true, tokens: true });
  } catch (error) {
    const { message = '', line = 1, column = 1 } = error as { message?: string; line?: number; column?: number };
    return failed(message.replace(/\s*\(\d+:\d+\)$/, ''), { line, column });
  }
  if (document.body.type !== 'Object') return failed('not-an-object', document.body.loc.start);
  const comments = (document.tokens ?? [])
    .filter((token) => token.type.endsWith('Comment'))
    .map((token) => text.slice(token.loc.start.offset, token.loc.end.offset));
  return {
    value: evaluate(document) as Json as JsonObject,
    problem: null,
    comments,
    locate: (path) => locate(document.body, path),
  };
}

function locate(body: ValueNode, path: Path): Place {
  let node = body;
  let place: Place = body.loc.start;
  for (const key of path) {
    if (node.type === 'Object') {
      const member = node.members.findLast(({ name }) => (name.type === 'String' ? name.value : name.name) === key);
      if (!member) return place;
      place = member.name.loc.start;
      node = member.value;
    } else if (node.type === 'Array') {
      const element = node.elements[Number(key)];
      if (!element) return place;
      place = element.value.loc.start;
      node = element.value;
    } else return place;
  }
  return place;
}

/** Comments that the gateway hid because they hold something like a credential. Written back, they would be lost. */
export function hiddenComments(comments: readonly string[]): number {
  return comments.filter((comment) => comment.includes(MASK)).length;
}

const PAIRS: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

/** Offsets of the brackets that are code: not in texts or comments. */
function brackets(text: string): readonly number[] {
  const found: number[] = [];
  const skip = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|"(?:\\[\s\S]|[^"\\\n])*"?|'(?:\\[\s\S]|[^'\\\n])*'?|[{}[\]]/g;
  for (const match of text.matchAll(skip)) if (match[0].length === 1 && '{}[]'.includes(match[0])) found.push(match.index);
  return found;
}

export interface Match {
  readonly at: number;
  /** `null`: nothing closes or opens it. */
  readonly with: number | null;
}

/** The bracket next to the caret and its other half. */
export function matchBracket(text: string, caret: number): Match | null {
  const all = brackets(text);
  const at = all.find((offset) => offset === caret - 1) ?? all.find((offset) => offset === caret);
  if (at === undefined) return null;
  const open: number[] = [];
  const other = new Map<number, number>();
  for (const offset of all) {
    const sign = text[offset] ?? '';
    if (sign in PAIRS) open.push(offset);
    else {
      const from = open.pop();
      if (from === undefined || PAIRS[text[from] ?? ''] !== sign) break;
      other.set(from, offset);
      other.set(offset, from);
    }
  }
  return { at, with: other.get(at) ?? null };
}

/** Line and column of an offset, counted from 1. */
export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
