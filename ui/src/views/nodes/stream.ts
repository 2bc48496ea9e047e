// Output of a command while it runs, and stopping it, where the gateway and the node can.

import type { GatewayNode } from '../../gateway/nodes';

/** A piece of output. */
export interface Chunk {
  readonly stream: 'out' | 'err';
  readonly text: string;
}

/** What asks for output as it comes. */
export function streamParams(node: GatewayNode): Readonly<Record<string, unknown>> {
  return node.streams ? { stream: true } : {};
}

/** Hears the output of a call until the answer is called. */
export function follow(_node: GatewayNode, _key: string, _hear: (chunk: Chunk) => void): () => void {
  return () => undefined;
}

/** Stops a call; `null` where nothing can. */
export const abort: ((nodeId: string, key: string) => Promise<void>) | null = null;
