// Output of a command while it runs, and stopping it, where the gateway and the node can.

import { isRaw } from '../../gateway/devices';
import { call, has, on } from '../../gateway/session';

/** A piece of output. */
export interface Chunk {
  readonly stream: 'out' | 'err';
  readonly text: string;
}

const ABORT = 'node.invoke.abort';

/** Whether calls can be watched and ended. */
export function canStop(): boolean {
  return has(ABORT);
}

/** What asks for output as it comes. */
export function streamParams(): { readonly stream?: true } {
  return has(ABORT) ? { stream: true } : {};
}

/** Reads the payload of `node.invoke.progress`: a piece of output of the call with this key, and how many bytes were left out before it. */
export function readProgress(payload: unknown, key: string): { readonly chunk: Chunk; readonly dropped: number } | null {
  if (!isRaw(payload) || payload['idempotencyKey'] !== key || typeof payload['chunk'] !== 'string') return null;
  const { chunk, stream, dropped } = payload;
  return { chunk: { stream: stream === 'stderr' ? 'err' : 'out', text: chunk }, dropped: typeof dropped === 'number' ? dropped : 0 };
}

/** Hears the output of a call until the answer is called. */
export function follow(key: string, hear: (chunk: Chunk, dropped: number) => void): () => void {
  return on('node.invoke.progress', (payload: unknown) => {
    const progress = readProgress(payload, key);
    if (progress) hear(progress.chunk, progress.dropped);
  });
}

/** Ends a call of this connection, and what runs for it on the node. */
export async function abort(key: string): Promise<void> {
  await call(ABORT, { idempotencyKey: key });
}
