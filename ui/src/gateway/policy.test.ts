import { expect, test } from 'vitest';
import { agentsOf, allowlist, covers, effective, isWideOpen, ownField, patternProblem, readPolicy, rebase, withField, withPattern, withoutPattern } from './policy';

const file = {
  version: 1,
  socket: { path: '/s' },
  defaults: { security: 'allowlist', extra: 1 },
  agents: {
    main: { ask: 'always', allowlist: [{ id: 'x', pattern: '/usr/bin/ls', lastUsedAt: 5, lastUsedCommand: 'ls -l' }] },
    '*': { ask: 'off' },
  },
};

test('reads an answer, whatever it holds', () => {
  expect(readPolicy({ path: '/p', exists: true, hash: 'h', file })).toEqual({ path: '/p', exists: true, hash: 'h', file });
  expect(readPolicy(null)).toEqual({ path: '', exists: false, hash: '', file: { version: 1 } });
  expect(agentsOf(file)).toEqual(['*', 'main']);
});

test.each([
  ['main', 'ask', 'always', 'agent'],
  ['other', 'ask', 'off', 'any'],
  ['*', 'ask', 'off', 'any'],
  ['', 'ask', null, 'program'],
  ['main', 'security', 'allowlist', 'defaults'],
  ['', 'security', 'allowlist', 'defaults'],
  ['main', 'askFallback', null, 'program'],
] as const)('agent %j, %s: %s from %s', (agent, field, value, from) => {
  expect(effective(file, agent, field)).toEqual({ value, from });
});

test('what is not known stays, and an empty agent goes', () => {
  const changed = withField(withField(file, '', 'security', 'full'), '*', 'ask', null);
  expect(changed).toEqual({ ...file, defaults: { security: 'full', extra: 1 }, agents: { main: file.agents.main } });
  expect(ownField(changed, '', 'security')).toBe('full');
});

test('patterns come and go', () => {
  const more = withPattern(file, 'main', '/bin/cat');
  expect(allowlist(more, 'main').map(({ pattern }) => pattern)).toEqual(['/usr/bin/ls', '/bin/cat']);
  expect(withPattern(more, 'main', '/bin/cat')).toBe(more);
  expect(allowlist(withoutPattern(more, 'main', 0), 'main').map(({ pattern }) => pattern)).toEqual(['/bin/cat']);
  expect(allowlist(more, 'main')[0]).toMatchObject({ lastUsedAt: 5, lastCommand: 'ls -l', restricted: false });
});

test('everything and never asking is wide open', () => {
  expect(isWideOpen(file, 'main')).toBe(false);
  expect(isWideOpen(withField(file, '', 'security', 'full'), 'other')).toBe(true);
});

test.each([
  ['/usr/bin/ls', '/usr/bin/ls', true],
  ['/usr/bin/*', '/usr/bin/ls', true],
  ['/usr/*', '/usr/bin/ls', false],
  ['/usr/**', '/usr/bin/ls', true],
  ['/usr/bin/l?', '/usr/bin/ls', true],
  ['/usr/bin/l.', '/usr/bin/ls', false],
  ['~/bin/*', '/home/ann/bin/x', true],
  ['~/bin/*', '/srv/bin/x', false],
  ['ls', '/usr/bin/ls', false],
  ['/a(b)+$', '/a(b)+$', true],
])('%s covers %s: %s', (pattern, path, covered) => {
  expect(covers(pattern, path)).toBe(covered);
});

test('a mere name covers nothing', () => {
  expect([patternProblem('ls'), patternProblem(' '), patternProblem('~/x')]).toEqual(['name', 'empty', null]);
});

test('changes are replayed on what somebody else wrote meanwhile', () => {
  const edited = withoutPattern(withPattern(withField(file, 'main', 'ask', 'off'), 'main', '/mine'), 'main', 0);
  const newer = withPattern(withField(file, '', 'security', 'deny'), 'main', '/theirs');
  const merged = rebase(file, edited, newer);
  expect(ownField(merged, 'main', 'ask')).toBe('off');
  expect(ownField(merged, '', 'security')).toBe('deny');
  expect(allowlist(merged, 'main').map(({ pattern }) => pattern)).toEqual(['/theirs', '/mine']);
});
