// Commands as people must see them before they agree: every character that hides, turns or looks like another one is shown
// by its number.

/** Part of a command. */
export interface CommandPiece {
  /** `text` as it is; `hidden` written as `\u{…}`; `break` an end of line. */
  readonly kind: 'text' | 'hidden' | 'break';
  readonly text: string;
}

/**
 * Control, format (bidi, zero width), surrogate, private and unassigned characters, line and paragraph separators, whatever
 * fonts leave out, every space but the plain one, and the empty braille pattern.
 */
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]|(?! )\p{Zs}/gu;

/** Cuts a command into what is seen as it is and what is not. */
export function commandPieces(command: string): readonly CommandPiece[] {
  const pieces: CommandPiece[] = [];
  let at = 0;
  for (const match of command.matchAll(HIDDEN)) {
    if (match.index > at) pieces.push({ kind: 'text', text: command.slice(at, match.index) });
    const [character] = match;
    at = match.index + character.length;
    if (character === '\n') pieces.push({ kind: 'break', text: '\n' });
    else pieces.push({ kind: 'hidden', text: `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}` });
  }
  if (at < command.length) pieces.push({ kind: 'text', text: command.slice(at) });
  return pieces;
}

/** Whether a command holds something that cannot be seen. */
export function hidesSomething(command: string): boolean {
  return commandPieces(command).some(({ kind }) => kind === 'hidden');
}

/** A command on one line: for names of buttons, titles, announcements. */
export function commandLine(command: string, most = 120): string {
  const line = commandPieces(command)
    .map(({ kind, text }) => (kind === 'break' ? '\\n' : text))
    .join('');
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
}
