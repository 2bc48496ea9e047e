// The support bundle: one JSON text, bounded, without secrets.

import { redact } from '../../text/mask';

/** Most bytes of a bundle. */
export const BUNDLE_BYTES = 256 * 1024;

/** What goes in. The lists are newest last, and lose their oldest entries first when all is too much. */
export interface Bundle {
  readonly facts: Readonly<Record<string, unknown>>;
  readonly lists: Readonly<Record<string, readonly unknown[]>>;
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Writes a bundle. */
export function writeBundle({ facts, lists }: Bundle, most: number = BUNDLE_BYTES): string {
  const kept = Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, list.map(redact)]));
  const dropped: Record<string, number> = {};
  const text = () =>
    `${JSON.stringify({ ...(redact(facts) as object), ...kept, ...(Object.keys(dropped).length > 0 ? { dropped } : {}) }, null, 1)}\n`;
  let made = text();
  while (bytesOf(made) > most) {
    const [largest] = Object.entries(kept).toSorted(([, a], [, b]) => JSON.stringify(b).length - JSON.stringify(a).length);
    if (largest === undefined || largest[1].length === 0) return made.slice(0, most);
    const [name, list] = largest;
    const cut = Math.ceil(list.length / 4);
    kept[name] = list.slice(cut);
    dropped[name] = (dropped[name] ?? 0) + cut;
    made = text();
  }
  return made;
}
