import { expect, test } from 'vitest';
import { joinWords, quoteWord, splitLine } from './shell-words';

test.each([
  ['', []],
  ['   ', []],
  ['ls -la', ['ls', '-la']],
  ['  ls\t-la \n', ['ls', '-la']],
  ["echo 'a b' c", ['echo', 'a b', 'c']],
  ['echo "a b" c', ['echo', 'a b', 'c']],
  ['echo a"b"\'c\'d', ['echo', 'abcd']],
  ["echo ''", ['echo', '']],
  ['echo a\\ b', ['echo', 'a b']],
  ['echo "a\\"b\\n"', ['echo', 'a"b\\n']],
  ["echo 'it'\\''s'", ['echo', "it's"]],
  ['a \\\nb', ['a', 'b']],
])('%j splits into %j', (line, words) => {
  expect(splitLine(line)).toMatchObject({ words, open: null });
});

test.each([
  ["echo 'a", "'"],
  ['echo "a', '"'],
  ['echo a\\', '\\'],
])('%j never ends', (line, open) => {
  expect(splitLine(line).open).toBe(open);
});

test.each([
  ['ls | wc -l', ['|']],
  ['ls > out', ['>']],
  ['echo $HOME "$PATH"', ['$']],
  ["echo '$HOME | x'", []],
  ['ls *.txt ~', ['*', '~']],
  ['git show HEAD~1 a#b', []],
  ['a && b; c', ['&', ';']],
])('%j holds what a shell would act on: %j', (line, shell) => {
  expect(splitLine(line).shell).toEqual(shell);
});

test.each([
  ['uname', 'uname'],
  ['a b', "'a b'"],
  ['', "''"],
  ["it's", "'it'\\''s'"],
])('%j is quoted as %j', (word, quoted) => {
  expect(quoteWord(word)).toBe(quoted);
});

test('words survive the way there and back', () => {
  const words = ['a', 'b c', "it's", '', '$x', 'line\nbreak', '\\'];
  expect(splitLine(joinWords(words)).words).toEqual(words);
});
