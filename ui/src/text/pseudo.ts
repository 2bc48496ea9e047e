// Pseudo-locales, made from English while the page runs. `en-XA` accents every letter and makes text 40 % longer, so that text
// outside the catalogue and boxes that are too tight show; `ar-XB` runs from right to left.

const ACCENTED: Readonly<Record<string, string>> = {
  a: 'å', b: 'ƀ', c: 'ç', d: 'ð', e: 'é', f: 'ƒ', g: 'ĝ', h: 'ĥ', i: 'î', j: 'ĵ', k: 'ķ', l: 'ļ', m: 'ɱ', n: 'ñ', o: 'ö', p: 'þ', q: 'ǫ',
  r: 'ŕ', s: 'š', t: 'ţ', u: 'û', v: 'ṽ', w: 'ŵ', x: 'ẋ', y: 'ý', z: 'ž',
  A: 'Å', B: 'Ɓ', C: 'Ç', D: 'Ð', E: 'É', F: 'Ƒ', G: 'Ĝ', H: 'Ĥ', I: 'Î', J: 'Ĵ', K: 'Ķ', L: 'Ļ', M: 'Ṁ', N: 'Ñ', O: 'Ö', P: 'Þ', Q: 'Ǫ',
  R: 'Ŕ', S: 'Š', T: 'Ţ', U: 'Û', V: 'Ṽ', W: 'Ŵ', X: 'Ẋ', Y: 'Ý', Z: 'Ž',
};

const MORE = 'one two three four five six seven eight nine ten';

/** How much longer than English text gets in other languages. */
const LONGER = 0.4;

const RIGHT_TO_LEFT = '\u202e';
const END = '\u202c';

function accent(text: string): string {
  return text.replace(/[a-z]/gi, (letter) => ACCENTED[letter] ?? letter);
}

/** Changes the words of a message and leaves its places alone: `{name}`, and the heads of plurals. */
export function mapWords(message: string, change: (words: string) => string): string {
  let out = '';
  let at = 0;
  while (at < message.length) {
    const open = message.indexOf('{', at);
    const words = message.slice(at, open < 0 ? undefined : open);
    out += words === '' ? '' : change(words);
    if (open < 0) break;
    const close = closing(message, open);
    out += place(message.slice(open, close + 1), change);
    at = close + 1;
  }
  return out;
}

function place(text: string, change: (words: string) => string): string {
  if (!/^\{[^{},]+,\s*plural\s*,/.test(text)) return text;
  let out = '';
  let at = 1;
  for (;;) {
    const open = text.indexOf('{', at);
    if (open < 0 || open >= text.length - 1) return out === '' ? text : `{${out}${text.slice(at)}`;
    const close = closing(text, open);
    out += `${text.slice(at, open)}{${mapWords(text.slice(open + 1, close), change)}}`;
    at = close + 1;
  }
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '{') depth += 1;
    if (text[at] === '}') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length - 1;
}

/** `[Çöþý öñé]`: the brackets show where text is cut off. */
export function accented(message: string): string {
  const length = Math.ceil(message.replaceAll(/\{[^}]*\}/g, '').length * LONGER);
  const more = length < 2 ? '' : ` ${MORE.repeat(Math.ceil(length / MORE.length)).slice(0, length - 1).trim()}`;
  return `[${mapWords(message, accent)}${accent(more)}]`;
}

/** The same words, drawn from right to left. */
export function mirrored(message: string): string {
  return mapWords(message, (words) => words.replace(/[^\s]+/g, (word) => `${RIGHT_TO_LEFT}${word}${END}`));
}

/** What is done to every message of a pseudo-locale. */
export function transformOf(locale: 'en-XA' | 'ar-XB'): (message: string) => string {
  const made = new Map<string, string>();
  const change = locale === 'en-XA' ? accented : mirrored;
  return (message) => {
    const known = made.get(message);
    if (known !== undefined) return known;
    const changed = change(message);
    made.set(message, changed);
    return changed;
  };
}
