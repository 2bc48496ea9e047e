// How well what a person typed fits a name: letters in order, best at the beginnings of words.

/** Higher is better; `null`: does not fit. */
export function score(query: string, text: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, ' ').trim();
  if (wanted === '') return 0;
  const where = text.toLowerCase();
  const whole = where.indexOf(wanted);
  if (whole === 0) return 1000 - where.length;
  if (whole > 0) return (startsWord(where, whole) ? 800 : 600) - where.length;
  const words = wanted.split(' ');
  // Words in any order, each somewhere.
  if (words.length > 1 && words.every((word) => where.includes(word))) return 400 - where.length;
  return scattered(wanted.replaceAll(' ', ''), where);
}

function startsWord(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? '');
}

/** Letters with gaps between them: `dv` in `devices`. The first must begin a word. */
function scattered(letters: string, text: string): number | null {
  let best: number | null = null;
  for (let start = text.indexOf(letters[0] ?? ''); start >= 0; start = text.indexOf(letters[0] ?? '', start + 1)) {
    if (!startsWord(text, start)) continue;
    let points = 100;
    let at = start;
    let found = true;
    for (const letter of letters.slice(1)) {
      const next = text.indexOf(letter, at + 1);
      if (next < 0) {
        found = false;
        break;
      }
      points -= startsWord(text, next) ? 0 : Math.min(10, next - at - 1);
      at = next;
    }
    if (found && (best === null || points - text.length > best)) best = points - text.length;
  }
  return best;
}

/** The best fits, best first; equal ones in their order. */
export function rank<T>(query: string, items: readonly T[], textOf: (item: T) => string, most: number): readonly T[] {
  return items
    .map((item) => ({ item, points: score(query, textOf(item)) }))
    .filter((entry) => entry.points !== null)
    .toSorted((a, b) => (b.points ?? 0) - (a.points ?? 0))
    .slice(0, most)
    .map(({ item }) => item);
}
