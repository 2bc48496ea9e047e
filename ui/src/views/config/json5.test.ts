import { describe, expect, test } from 'vitest';
import { hiddenComments, matchBracket, placeOf, readText } from './json5';

const text = `{ // the file of "attic"
  gateway: {
    port: 0x4d2, /* odd { */
    'bind': 'lan',
    controlUi: { allowedOrigins: ['https://a.example', "https://b.example",], },
  },
}
`;

describe('reading', () => {
  test('values, comments and places', () => {
    const read = readText(text);
    expect(read.problem).toBeNull();
    expect(read.value).toEqual({
      gateway: { port: 1234, bind: 'lan', controlUi: { allowedOrigins: ['https://a.example', 'https://b.example'] } },
    });
    expect(read.comments).toEqual(['// the file of "attic"', '/* odd { */']);
    expect(read.locate(['gateway', 'bind'])).toMatchObject({ line: 4, column: 5 });
    expect(read.locate(['gateway', 'controlUi', 'allowedOrigins', '1'])).toMatchObject({ line: 5 });
    // What is not there is looked for where it would be.
    expect(read.locate(['gateway', 'controlUi', 'basePath'])).toMatchObject({ line: 5 });
    expect(read.locate(['logging'])).toMatchObject({ line: 1 });
  });

  test.each([
    ['{ a: }', 1],
    ['{\n  a: 1\n  b: 2\n}', 3],
    ['{\n  a: "x\n}', 3],
    ['{ a: 1 ', 1],
    ['[1]', 1],
  ])('%j is refused at line %i', (text, line) => {
    const { value, problem } = readText(text);
    expect(value).toBeNull();
    expect(problem?.line).toBe(line);
  });

  test('an empty file is an empty config', () => {
    expect(readText(' \n').value).toEqual({});
  });

  test('comments that were hidden are counted', () => {
    expect(hiddenComments(readText('{ // __OPENCLAW_REDACTED__\n a: 1 /* b */ }').comments)).toBe(1);
  });
});

describe('brackets', () => {
  const cases: readonly (readonly [string, number, number | null])[] = [
    ['{ a: [1] }', 1, 9],
    ['{ a: [1] }', 10, 0],
    ['{ a: [1] }', 6, 7],
    ['{ a: "}" }', 1, 9],
    ['{ /* } */ }', 1, 10],
    ['{ a: [1 }', 1, null],
  ];
  test.each(cases)('%s at %i', (text, caret, other) => {
    expect(matchBracket(text, caret)?.with).toBe(other);
  });
  test('elsewhere there is none', () => {
    expect(matchBracket('{ a: 1 }', 4)).toBeNull();
  });
});

test('places are counted from 1', () => {
  expect(placeOf('a\nbc', 0)).toEqual({ line: 1, column: 1 });
  expect(placeOf('a\nbc', 3)).toEqual({ line: 2, column: 2 });
});
