import { describe, expect, test } from 'vitest';
import { MASK, applyPatch, at, changes, dotted, hides, masks, mergePatch, put, settle, threeWay } from './config-edit';
import type { Json, JsonObject } from './config-edit';

const base: JsonObject = {
  gateway: { port: 18789, auth: { mode: 'token', token: MASK }, controlUi: { allowedOrigins: ['https://a.example'] } },
  logging: { level: 'info' },
};

describe('merge patch', () => {
  const cases: readonly (readonly [string, JsonObject, JsonObject | null])[] = [
    ['nothing changed', base, {}],
    ['one value', put(base, ['gateway', 'port'], 19000), { gateway: { port: 19000 } }],
    ['a value goes', put(base, ['logging', 'level'], undefined), { logging: null }],
    ['a new object', put(base, ['gateway', 'tls', 'mode'], 'self'), { gateway: { tls: { mode: 'self' } } }],
    ['a list is replaced', put(base, ['gateway', 'controlUi', 'allowedOrigins'], []), { gateway: { controlUi: { allowedOrigins: [] } } }],
    ['a null cannot be said', put(base, ['logging', 'file'], null), null],
  ];
  test.each(cases)('%s', (_, after, patch) => {
    expect(mergePatch(base, after)).toEqual(patch);
    if (patch) expect(applyPatch(base, patch)).toEqual(after);
  });

  test('a mask that stays is in no patch', () => {
    const patch = mergePatch(base, put(base, ['gateway', 'port'], 1)) ?? {};
    expect(masks(patch)).toEqual([]);
    expect(masks(base).map(dotted)).toEqual(['gateway.auth.token']);
    // The mask typed into another key is found before it is sent.
    expect(masks(mergePatch(base, put(base, ['gateway', 'auth', 'password'], MASK)) ?? {})).toEqual([['gateway', 'auth', 'password']]);
  });
});

describe('differences', () => {
  test('are told at the deepest shared place', () => {
    const after = put(put(base, ['gateway', 'auth', 'mode'], 'password'), ['discovery', 'mdns', 'mode'], 'off');
    expect(changes(base, after)).toEqual([
      { path: ['gateway', 'auth', 'mode'], before: 'token', after: 'password' },
      { path: ['discovery', 'mdns', 'mode'], before: undefined, after: 'off' },
    ]);
  });
  test('taking out the last key takes out the object', () => {
    expect(put(base, ['logging', 'level'], undefined)).toEqual({ gateway: base['gateway'] });
    expect(put({ a: { b: {} } }, ['a', 'c'], undefined)).toEqual({ a: { b: {} } });
  });
  test('order of keys stays', () => {
    expect(Object.keys(put({ b: 1, a: 2 }, ['b'], 3))).toEqual(['b', 'a']);
  });
});

describe('three ways', () => {
  const set = (...pairs: readonly (readonly [string, Json | undefined])[]) =>
    pairs.reduce<JsonObject>((value, [path, wanted]) => put(value, path.split('.'), wanted), base);
  const cases: readonly (readonly [string, JsonObject, JsonObject, readonly string[], JsonObject])[] = [
    ['different places', set(['gateway.port', 1]), set(['logging.level', 'debug']), [], set(['gateway.port', 1], ['logging.level', 'debug'])],
    ['the same change', set(['gateway.port', 1]), set(['gateway.port', 1]), [], set(['gateway.port', 1])],
    ['the same place', set(['gateway.port', 1]), set(['gateway.port', 2]), ['gateway.port'], set(['gateway.port', 2])],
    ['changed and taken out', set(['logging.level', 'warn']), set(['logging', undefined]), ['logging.level'], set(['logging', undefined])],
    ['inside what they replaced', set(['gateway.auth.mode', 'password']), set(['gateway.auth', 'x']), ['gateway.auth'], set(['gateway.auth', 'x'])],
    ['added by both', set(['a.b', 1]), set(['a.c', 2]), [], { ...set(['a.c', 2], ['a.b', 1]) }],
  ];
  test.each(cases)('%s', (_, mine, theirs, conflicts, merged) => {
    const outcome = threeWay(base, mine, theirs);
    expect(outcome.conflicts.map(({ path }) => dotted(path))).toEqual(conflicts);
    expect(outcome.merged).toEqual(merged);
  });
  test('what is kept of mine is in the result', () => {
    const outcome = threeWay(base, set(['gateway.port', 1], ['a', 2]), set(['gateway.port', 3], ['b', 4]));
    expect(settle(outcome, new Set())).toEqual(set(['gateway.port', 3], ['b', 4], ['a', 2]));
    expect(at(settle(outcome, new Set(['gateway.port'])), ['gateway', 'port'])).toBe(1);
  });
});

test.each([
  ['gateway.auth.token', MASK, true],
  ['gateway.auth.token', 'abc', true],
  ['gateway.auth.token', '${TOKEN}', false],
  ['gateway.auth.mode', 'token', false],
  ['env.vars.X', 'abc', true],
  ['gateway.remote.edgeAuth.X', 'abc', true],
  ['gateway.port', 1, false],
])('%s = %s is hidden: %s', (path, value, hidden) => {
  expect(hides(path.split('.'), value)).toBe(hidden);
});
