import { expect, test } from 'vitest';
import { EMPTY_FORM, invokeLimit, plainOutput, readEnv, readExit, readPrepared, requestOf, runParams } from './run-request';

const form = (change: Partial<typeof EMPTY_FORM>) => ({ ...EMPTY_FORM, ...change });

test.each([
  [{ line: 'ls -l "a b"' }, ['ls', '-l', 'a b'], "ls -l 'a b'"],
  [{ mode: 'words' as const, words: ['echo', '', 'x y', '', ''] }, ['echo', '', 'x y'], "echo '' 'x y'"],
  [{ mode: 'shell' as const, line: ' ls | wc -l ' }, ['/bin/sh', '-lc', 'ls | wc -l'], 'ls | wc -l'],
])('%j', (change, argv, shown) => {
  expect(requestOf(form(change), false)).toMatchObject({ argv, shown, timeoutMs: 60_000, cwd: null, env: {} });
});

test.each([
  [{ line: '  ' }, 'empty'],
  [{ line: "echo 'x" }, 'open'],
  [{ mode: 'words' as const, words: ['', 'x'] }, 'empty'],
  [{ mode: 'shell' as const, line: '' }, 'empty'],
  [{ line: 'ls', env: 'nonsense' }, 'env'],
  [{ line: 'ls', limit: '-1' }, 'limit'],
  [{ line: 'ls', limit: 'x' }, 'limit'],
])('%j is wrong: %s', (change, problem) => {
  expect(requestOf(form(change), false)).toBe(problem);
});

test('variables', () => {
  expect(readEnv('A=1\n\n B = x=y ')).toEqual({ A: '1', B: ' x=y ' });
  expect(readEnv('=1')).toBeNull();
  expect(readEnv('A B=1')).toBeNull();
});

test('a node with Windows gets its own shell, and no limit is no limit', () => {
  const request = requestOf(form({ mode: 'shell', line: 'dir', limit: '' }), true);
  expect(request).toMatchObject({ argv: ['cmd.exe', '/d', '/s', '/c', 'dir'], timeoutMs: 0 });
  expect([invokeLimit(0), invokeLimit(1_000)]).toEqual([2_147_483_647, 6_000]);
});

test('what the node planned is what is run', () => {
  const request = requestOf(form({ line: 'ls -l', cwd: '/srv' }), false);
  if (typeof request === 'string') throw new Error(request);
  const prepared = readPrepared({ plan: { argv: ['/usr/bin/ls', '-l'], cwd: '/srv' }, execPolicy: { security: 'allowlist', ask: 'on-miss' } });
  expect(prepared).toMatchObject({ security: 'allowlist', ask: 'on-miss' });
  expect(runParams(request, prepared)).toEqual({
    command: ['/usr/bin/ls', '-l'],
    timeoutMs: 60_000,
    cwd: '/srv',
    systemRunPlan: { argv: ['/usr/bin/ls', '-l'], cwd: '/srv' },
  });
  expect(runParams(request, null)).toEqual({ command: ['ls', '-l'], timeoutMs: 60_000, cwd: '/srv' });
  expect(readPrepared({ plan: {} })).toBeNull();
});

test('an answer without members is no success', () => {
  expect(readExit({ exitCode: 3, success: false, stdout: 'x', stderr: null, timedOut: false, error: null })).toEqual({
    code: 3,
    success: false,
    timedOut: false,
    error: null,
    stdout: 'x',
    stderr: '',
  });
  expect(readExit(null)).toMatchObject({ code: null, success: false });
});

test('colours of terminals are left out', () => {
  expect(plainOutput('\u001b[31mred\u001b[0m\r\n\u001b]0;title\u0007<b>')).toBe('red\n<b>');
});
