// Calls about nodes that more than one view makes.

import { newId } from '../text/new-id';
import { isRaw } from './devices';
import { readNodes } from './nodes';
import type { GatewayNode } from './nodes';
import { call } from './session';

/** Loads the list of nodes. */
export async function loadNodes(): Promise<readonly GatewayNode[]> {
  return readNodes(await call('node.list', {}));
}

export interface NodeCall {
  readonly nodeId: string;
  readonly command: string;
  readonly params: unknown;
  readonly timeoutMs: number;
  readonly idempotencyKey?: string;
  readonly stream?: boolean;
}

/** Calls a command of a node and answers with its payload. */
export async function invokeNode(given: NodeCall): Promise<unknown> {
  const answer: unknown = await call('node.invoke', { ...given, idempotencyKey: given.idempotencyKey ?? newId() });
  if (!isRaw(answer)) return null;
  if (answer['payload'] !== undefined && answer['payload'] !== null) return answer['payload'];
  const text = answer['payloadJSON'];
  try {
    return typeof text === 'string' ? JSON.parse(text) : null;
  } catch {
    return text;
  }
}
