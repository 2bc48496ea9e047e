// Command lines and the words that they are made of, by the rules of a POSIX shell.

/** What a line comes to. */
export interface Split {
  readonly words: readonly string[];
  /** A quote or a backslash that never ends. */
  readonly open: "'" | '"' | '\\' | null;
  /** Unquoted characters that a shell would act on, and that stay as they are here: `|`, `>`, `$`, `*`. */
  readonly shell: readonly string[];
}

const ACTS = /[|&;<>()$`*?[\]#~{}!]/;

/** Splits a line into words. Nothing is expanded: `$HOME` stays `$HOME`. */
export function splitLine(line: string): Split {
  const words: string[] = [];
  const shell = new Set<string>();
  let word: string | null = null;
  let open: Split['open'] = null;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (character === "'") {
      const end = line.indexOf("'", at + 1);
      word = (word ?? '') + line.slice(at + 1, end < 0 ? undefined : end);
      if (end < 0) {
        open = "'";
        break;
      }
      at = end;
    } else if (character === '"') {
      word ??= '';
      at += 1;
      while (at < line.length && line[at] !== '"') {
        if (line[at] === '\\' && /["\\$`\n]/.test(line[at + 1] ?? '')) at += 1;
        else if (line[at] === '$' || line[at] === '`') shell.add(line[at] ?? '');
        word += line[at] ?? '';
        at += 1;
      }
      if (at >= line.length) open = '"';
    } else if (character === '\\') {
      if (at + 1 >= line.length) open = '\\';
      // A backslash before the end of a line joins the lines.
      else if (line[at + 1] !== '\n') word = (word ?? '') + (line[at + 1] ?? '');
      at += 1;
    } else if (/[ \t\n]/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      // A tilde or a hash means something at the beginning of a word only.
      if (ACTS.test(character) && (word === null || !/[#~!]/.test(character))) shell.add(character);
      word = (word ?? '') + character;
    }
  }
  if (word !== null) words.push(word);
  return { words, open, shell: [...shell] };
}

/** A word as a shell needs it, so that a reader sees where words end. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_\-./:=,@%+]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Words as one line that splits into the same words. */
export function joinWords(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}
