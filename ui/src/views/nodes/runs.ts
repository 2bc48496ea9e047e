// Commands that this page ran: what happens between the click and the exit code. Kept for as long as the page is open.
//
// The order is that of the command line: ask the node what exactly would run, send it, and only when the node wants a person
// to agree, ask for that and send it again as agreed. An agreement is never claimed before there is one.

import { signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { isRaw } from '../../gateway/devices';
import { invokeNode } from '../../gateway/node-calls';
import type { GatewayNode } from '../../gateway/nodes';
import { CallError, call, can } from '../../gateway/session';
import { newId } from '../../text/new-id';
import { invokeLimit, plainOutput, readExit, readPrepared, runParams } from './run-request';
import type { Exit, Prepared, RunForm, RunRequest } from './run-request';
import { abort, canStop, follow, streamParams } from './stream';
import type { Chunk } from './stream';

export type RunState =
  | { readonly kind: 'checking' }
  | { readonly kind: 'waiting'; readonly approvalId: string }
  | { readonly kind: 'running' }
  | { readonly kind: 'exited'; readonly exit: Exit }
  | { readonly kind: 'denied' }
  | { readonly kind: 'expired' }
  | { readonly kind: 'refused'; readonly why: 'deny' | 'list' | 'ask' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'lost' }
  | { readonly kind: 'failed'; readonly message: string };

export interface Run {
  readonly id: string;
  readonly nodeId: string;
  readonly form: RunForm;
  readonly request: RunRequest;
  readonly state: RunState;
  readonly output: readonly Chunk[];
  /** Output at the beginning was left out here, because there is so much of it. */
  readonly cut: boolean;
  /** Bytes that were left out on the way, because they came faster than the connection carries. */
  readonly dropped: number;
  readonly startedAt: number;
  /** When the program itself began. */
  readonly runningSince: number | null;
  readonly endedAt: number | null;
  /** It can be stopped from here. */
  readonly stoppable: boolean;
}

/** Commands that are kept. */
const MOST = 30;
/** Characters of output that are kept of each. */
const OUTPUT_CHARACTERS = 400_000;
/** How long people have to decide. */
const DECIDE_MS = 120_000;

const list = signal<readonly Run[]>([]);
/** Newest first. */
export const runs: ReadonlySignal<readonly Run[]> = list;

const ENDED: readonly RunState['kind'][] = ['exited', 'denied', 'expired', 'refused', 'stopped', 'lost', 'failed'];

export function isOver({ state }: Run): boolean {
  return ENDED.includes(state.kind);
}

function change(id: string, how: (run: Run) => Partial<Run>): void {
  list.value = list.peek().map((run) => (run.id === id ? { ...run, ...how(run) } : run));
}

function enter(id: string, state: RunState): void {
  change(id, () => ({
    state,
    ...(state.kind === 'running' ? { runningSince: Date.now() } : state.kind === 'waiting' ? { runningSince: null, stoppable: false } : {}),
    ...(ENDED.includes(state.kind) ? { endedAt: Date.now(), stoppable: false } : {}),
  }));
}

/** Adds output, joined to the piece before where it is of the same kind. */
export function withChunk(run: Pick<Run, 'output' | 'cut'>, chunk: Chunk): Pick<Run, 'output' | 'cut'> {
  const last = run.output.at(-1);
  const output =
    last && last.stream === chunk.stream && last.text.length < 8_192
      ? [...run.output.slice(0, -1), { ...last, text: last.text + chunk.text }]
      : [...run.output, chunk];
  let total = output.reduce((sum, { text }) => sum + text.length, 0);
  let cut = run.cut;
  while (total > OUTPUT_CHARACTERS && output.length > 1) {
    total -= output.shift()?.text.length ?? 0;
    cut = true;
  }
  return { output, cut };
}

/** Forgets commands of a node that are over. */
export function forgetRuns(nodeId: string): void {
  list.value = list.peek().filter((run) => run.nodeId !== nodeId || !isOver(run));
}

/** Starts a command and follows it to its end. Answers with its id at once. */
export function startRun(node: GatewayNode, form: RunForm, request: RunRequest): string {
  const id = newId();
  const run: Run = {
    id,
    nodeId: node.id,
    form,
    request,
    state: { kind: 'checking' },
    output: [],
    cut: false,
    dropped: 0,
    startedAt: Date.now(),
    runningSince: null,
    endedAt: null,
    stoppable: false,
  };
  list.value = [run, ...list.peek()].slice(0, MOST);
  carryOut(node, run).catch((error: unknown) => {
    if (!(error instanceof CallError)) throw error;
    enter(id, error.code === 'DISCONNECTED' ? { kind: 'lost' } : explain(error));
  });
  return id;
}

/** What a node answers when its rules want a person to agree. */
function wantsAgreement(error: unknown): boolean {
  return error instanceof CallError && error.message.includes('SYSTEM_RUN_DENIED: approval required');
}

function explain(error: CallError): RunState {
  if (error.message.includes('SYSTEM_RUN_DISABLED')) return { kind: 'refused', why: 'deny' };
  if (error.message.includes('SYSTEM_RUN_DENIED: allowlist miss')) return { kind: 'refused', why: 'list' };
  if (wantsAgreement(error)) return { kind: 'refused', why: 'ask' };
  if (/CANCELLED|ABORTED/.test(`${error.code} ${error.message}`.toUpperCase())) return { kind: 'stopped' };
  return { kind: 'failed', message: error.message };
}

async function carryOut(node: GatewayNode, run: Run): Promise<void> {
  const prepared = await prepare(node, run.request);
  const params = runParams(run.request, prepared);
  try {
    await send(node, run, params);
  } catch (error) {
    if (!wantsAgreement(error)) throw error;
    // Who may not ask hears what the node said.
    if (!can('operator.approvals')) throw error;
    const decision = await ask(node, run, prepared);
    if (decision === null || decision === 'deny') enter(run.id, { kind: decision === null ? 'expired' : 'denied' });
    else await send(node, run, { ...params, approved: true, approvalDecision: decision });
  }
}

/** Asks the node what exactly would run. */
async function prepare(node: GatewayNode, request: RunRequest): Promise<Prepared | null> {
  if (!node.commands.includes('system.run.prepare')) return null;
  const { timeoutMs: _limit, ...params } = runParams(request, null);
  return readPrepared(await invokeNode({ nodeId: node.id, command: 'system.run.prepare', params, timeoutMs: 30_000 }));
}

async function send(node: GatewayNode, run: Run, params: Record<string, unknown>): Promise<void> {
  const key = newId();
  let streamed = false;
  const stop = follow(key, (chunk, dropped) => {
    streamed = true;
    change(run.id, (now) => ({ ...withChunk(now, { ...chunk, text: plainOutput(chunk.text) }), dropped: now.dropped + dropped }));
  });
  keys.set(run.id, key);
  enter(run.id, { kind: 'running' });
  change(run.id, () => ({ stoppable: canStop() }));
  try {
    const exit = readExit(await invokeNode({ nodeId: node.id, command: 'system.run', params, timeoutMs: invokeLimit(run.request.timeoutMs), idempotencyKey: key, ...streamParams() }));
    // What was left out on the way is in the answer, as far as the node keeps it.
    const dropped = list.peek().find(({ id }) => id === run.id)?.dropped ?? 0;
    if (dropped > 0 && exit.stdout.length + exit.stderr.length > 0) change(run.id, () => ({ output: [], cut: false, dropped: 0 }));
    if (!streamed || dropped > 0) {
      for (const chunk of [
        { stream: 'out', text: plainOutput(exit.stdout) },
        { stream: 'err', text: plainOutput(exit.stderr) },
      ] as const) {
        if (chunk.text) change(run.id, (now) => withChunk(now, chunk));
      }
    }
    enter(run.id, { kind: 'exited', exit });
  } catch (error) {
    if (asked.has(run.id) && error instanceof CallError && error.code !== 'DISCONNECTED') enter(run.id, { kind: 'stopped' });
    else throw error;
  } finally {
    keys.delete(run.id);
    stop();
  }
}

/** Asks the people who may decide, this one included, and waits. */
async function ask(node: GatewayNode, run: Run, prepared: Prepared | null): Promise<string | null> {
  const approvalId = newId();
  enter(run.id, { kind: 'waiting', approvalId });
  const answer: unknown = await call('exec.approval.request', {
    id: approvalId,
    command: run.request.shown,
    host: node.name ? `node ${node.name} (${node.id.slice(0, 8)})` : `node ${node.id.slice(0, 8)}`,
    timeoutMs: DECIDE_MS,
    ...(run.request.cwd ?? prepared?.cwd ? { cwd: run.request.cwd ?? prepared?.cwd ?? '' } : {}),
    ...(prepared?.security ? { security: prepared.security } : {}),
    ...(prepared?.ask ? { ask: prepared.ask } : {}),
    ...(prepared && run.request.shellLine === null && prepared.argv[0] ? { resolvedPath: prepared.argv[0] } : {}),
  });
  const decision = isRaw(answer) ? answer['decision'] : null;
  return typeof decision === 'string' ? decision : null;
}

/** Keys of the calls that run, by run. */
const keys = new Map<string, string>();
const asked = new Set<string>();

/** Stops a command. Rejects with a [CallError] when the gateway cannot. */
export async function stopRun(id: string): Promise<void> {
  const key = keys.get(id);
  if (key === undefined) return;
  asked.add(id);
  try {
    await abort(key);
  } catch (error) {
    asked.delete(id);
    throw error;
  }
}
