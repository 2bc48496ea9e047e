import { expect, test } from 'vitest';
import { format } from './messages';
import { accented, mapWords, mirrored } from './pseudo';

test.each([
  ['Copy', '[Çöþý ö]'],
  ['Hello {name}', '[Ĥéļļö {name} öñ]'],
  ['', '[]'],
])('%s is %s', (message, shown) => {
  expect(accented(message)).toBe(shown);
});

test('plurals keep their heads and change their words', () => {
  const message = '{n, plural, =0 {No line} one {# line of {who}} other {# lines}} more';
  expect(mapWords(message, (words) => words.toUpperCase())).toBe('{n, plural, =0 {NO LINE} one {# LINE OF {who}} other {# LINES}} MORE');
  expect(format(accented(message), { n: 1, who: 'Attic' }, 'en')).toContain('1 ļîñé öƒ Attic');
});

test('text is at least 40 % longer', () => {
  const message = 'Load the page again, or load it without stored settings.';
  expect(accented(message).length).toBeGreaterThanOrEqual(message.length * 1.4);
});

test('words are turned one by one', () => {
  expect(mirrored('two words {name}')).toBe('\u202etwo\u202c \u202ewords\u202c {name}');
});
