import { expect, test } from 'vitest';
import { commandLine, commandPieces, hidesSomething } from './command';

const shown = (command: string) => commandPieces(command).map(({ text }) => text).join('');

// U17: what an approver sees. Left the command, right what stands on the screen.
test.each([
  ['ls -la /srv', 'ls -la /srv'],
  ['echo naïve 日本 🎈 ~$`"', 'echo naïve 日本 🎈 ~$`"'],
  ['echo a\u202eb', 'echo a\\u{202e}b'],
  ['echo \u2066x\u2069', 'echo \\u{2066}x\\u{2069}'],
  ['\u200frm', '\\u{200f}rm'],
  ['r\u200bm -rf', 'r\\u{200b}m -rf'],
  ['\ufeffls', '\\u{feff}ls'],
  ['ls\u00a0-la', 'ls\\u{a0}-la'],
  ['ls\u3000-la', 'ls\\u{3000}-la'],
  ['ls\u2028rm', 'ls\\u{2028}rm'],
  ['ls\u3164', 'ls\\u{3164}'],
  ['ls\u2800', 'ls\\u{2800}'],
  ['ls\ufe0f', 'ls\\u{fe0f}'],
  ['ls\u{e0041}', 'ls\\u{e0041}'],
  ['ls\ue000', 'ls\\u{e000}'],
  ['a\tb\u0007\u001b[31m\r', 'a\\u{9}b\\u{7}\\u{1b}[31m\\u{d}'],
  ['\u0085', '\\u{85}'],
  ['\ud800', '\\u{d800}'],
  ['\u0378', '\\u{378}'],
])('%j is shown as %j', (command, expected) => {
  expect(shown(command)).toBe(expected);
});

test('an end of line is a piece of its own', () => {
  expect(commandPieces('one\ntwo')).toEqual([
    { kind: 'text', text: 'one' },
    { kind: 'break', text: '\n' },
    { kind: 'text', text: 'two' },
  ]);
});

test('what somebody wrote as an escape is told from what is one', () => {
  expect(commandPieces('\\u{202e}')).toEqual([{ kind: 'text', text: '\\u{202e}' }]);
  expect(hidesSomething('\\u{202e}')).toBe(false);
  expect(hidesSomething('\u202e')).toBe(true);
  expect(hidesSomething('a\nb')).toBe(false);
});

test('on one line', () => {
  expect(commandLine('one\ntwo\u202e')).toBe('one\\ntwo\\u{202e}');
  expect(commandLine('x'.repeat(200))).toBe(`${'x'.repeat(119)}…`);
});
