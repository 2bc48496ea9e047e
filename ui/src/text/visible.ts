// Text that comes from elsewhere, made visible in full: nothing in it can hide, move or turn what stands next to it.

/** Control, format (bidi, zero width), surrogate and private characters, line and paragraph separators. */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029\u115f\u1160\u3164\uffa0]/gu;

/** Writes every character that cannot be seen as `\u{…}`; line breaks stay when asked. */
export function visible(text: string, how: { lines?: boolean } = {}): string {
  return text.replace(HIDDEN, (character) => {
    if (how.lines && character === '\n') return character;
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
