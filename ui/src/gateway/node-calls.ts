// Calls about nodes that more than one view makes.

import { readNodes } from './nodes';
import type { GatewayNode } from './nodes';
import { call } from './session';

/** Loads the list of nodes. */
export async function loadNodes(): Promise<readonly GatewayNode[]> {
  return readNodes(await call('node.list', {}));
}
