// What a person asks to run, and what goes to the node. Values in, values out.

import { isRaw } from '../../gateway/devices';
import { joinWords, splitLine } from '../../text/shell-words';

/** How the command is entered: as a line that is split here, word by word, or as a line for the node's shell. */
export type RunMode = 'line' | 'words' | 'shell';

export interface RunForm {
  readonly mode: RunMode;
  readonly line: string;
  readonly words: readonly string[];
  readonly cwd: string;
  /** `NAME=value`, one on each line. */
  readonly env: string;
  /** Seconds; empty is no limit. */
  readonly limit: string;
}

export const EMPTY_FORM: RunForm = { mode: 'line', line: '', words: [''], cwd: '', env: '', limit: '60' };

/** What a form comes to. */
export interface RunRequest {
  readonly argv: readonly string[];
  /** The line for the node's shell, if it is one. */
  readonly shellLine: string | null;
  /** The command as an approver sees it. */
  readonly shown: string;
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds; 0 is none. */
  readonly timeoutMs: number;
}

export type FormProblem = 'empty' | 'open' | 'env' | 'limit';

/** Reads `NAME=value` lines. */
export function readEnv(text: string): Readonly<Record<string, string>> | null {
  const env: Record<string, string> = {};
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue;
    const at = line.indexOf('=');
    const name = line.slice(0, at).trim();
    if (at < 1 || !/^[^\s=]+$/.test(name)) return null;
    env[name] = line.slice(at + 1);
  }
  return env;
}

/** Words that the form stands for now, for showing. */
export function wordsOf(form: RunForm): readonly string[] {
  if (form.mode === 'line') return splitLine(form.line).words;
  return form.mode === 'words' ? trimmed(form.words) : [];
}

/** Words without the empty fields at the end. */
function trimmed(words: readonly string[]): readonly string[] {
  const last = words.findLastIndex((word) => word !== '');
  return words.slice(0, last + 1);
}

/** Turns a form into a request, or says what is wrong with it. */
export function requestOf(form: RunForm, windows: boolean): RunRequest | FormProblem {
  const env = readEnv(form.env);
  if (env === null) return 'env';
  const seconds = form.limit.trim() === '' ? 0 : Number(form.limit);
  if (!Number.isFinite(seconds) || seconds < 0) return 'limit';
  const rest = { cwd: form.cwd.trim() || null, env, timeoutMs: Math.round(seconds * 1000) };
  if (form.mode === 'shell') {
    const line = form.line.trim();
    if (line === '') return 'empty';
    const shell = windows ? ['cmd.exe', '/d', '/s', '/c'] : ['/bin/sh', '-lc'];
    return { ...rest, argv: [...shell, line], shellLine: line, shown: line };
  }
  if (form.mode === 'line' && splitLine(form.line).open !== null) return 'open';
  const argv = wordsOf(form);
  if ((argv[0] ?? '').trim() === '') return 'empty';
  return { ...rest, argv, shellLine: null, shown: joinWords(argv) };
}

/** What the node said that it would run exactly. */
export interface Prepared {
  readonly plan: Readonly<Record<string, unknown>>;
  readonly argv: readonly string[];
  readonly cwd: string | null;
  readonly security: string | null;
  readonly ask: string | null;
}

/** Reads the payload of `system.run.prepare`. */
export function readPrepared(payload: unknown): Prepared | null {
  if (!isRaw(payload) || !isRaw(payload['plan'])) return null;
  const { plan } = payload;
  const argv = isRaw(plan) && Array.isArray(plan['argv']) ? plan['argv'].filter((word) => typeof word === 'string') : [];
  if (!isRaw(plan) || argv.length === 0) return null;
  // Both spellings are in use.
  const policy = isRaw(payload['execPolicy']) ? payload['execPolicy'] : isRaw(payload['exec_policy']) ? payload['exec_policy'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return { plan, argv, cwd: text(plan['cwd']), security: text(policy['security']), ask: text(policy['ask']) };
}

/** Margin of the call over the program, for the way there and back. */
const MARGIN_MS = 5_000;
/** Stands for "no limit": older gateways take 0 for "at once", and their timers end here. */
const NO_LIMIT_MS = 2_147_483_647;

/** Time limit of the call that carries a program with this limit. */
export function invokeLimit(programMs: number): number {
  return programMs === 0 ? NO_LIMIT_MS : Math.min(programMs + MARGIN_MS, NO_LIMIT_MS);
}

/** Params of `system.run`. */
export function runParams(request: RunRequest, prepared: Prepared | null): Record<string, unknown> {
  return {
    command: prepared ? prepared.argv : request.argv,
    timeoutMs: request.timeoutMs,
    ...(request.shellLine === null ? {} : { rawCommand: request.shellLine }),
    ...(request.cwd === null ? {} : { cwd: request.cwd }),
    ...(Object.keys(request.env).length === 0 ? {} : { env: request.env }),
    ...(prepared ? { systemRunPlan: prepared.plan } : {}),
  };
}

/** How a program ended. */
export interface Exit {
  readonly code: number | null;
  readonly timedOut: boolean;
  readonly success: boolean;
  readonly error: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Reads the payload of `system.run`. */
export function readExit(payload: unknown): Exit {
  const raw = isRaw(payload) ? payload : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    code: typeof raw['exitCode'] === 'number' ? raw['exitCode'] : null,
    timedOut: raw['timedOut'] === true,
    success: raw['success'] === true,
    error: text(raw['error']) || null,
    stdout: text(raw['stdout']),
    stderr: text(raw['stderr']),
  };
}

/** Output of programs for a page: colours and cursor movements of terminals are left out, ends of lines are one. */
export function plainOutput(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, '').replaceAll('\r\n', '\n');
}
