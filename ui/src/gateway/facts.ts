// What a gateway says to anybody who asks: which secret it wants, whether it speaks HTTPS. Only of the page's own gateway:
// the content policy lets the page ask nobody else.

import { signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { servedFrom } from '../app/base';
import { isOwn } from './gateways';

export type AuthMode = 'token' | 'password' | 'tailscale' | 'trusted-proxy' | 'none';

export interface GatewayFacts {
  readonly version: string | null;
  readonly name: string | null;
  readonly modes: readonly AuthMode[];
  /** Port on which the same gateway answers with HTTPS. */
  readonly httpsPort: number | null;
}

const known = signal<GatewayFacts | null>(null);
let asked = false;

/** Facts of the page's own gateway, once they are there. */
export const ownFacts: ReadonlySignal<GatewayFacts | null> = known;

const TIMEOUT_MS = 4000;

function ask(): Promise<Response> {
  return fetch(`${servedFrom()}control-ui-config.json`, { cache: 'no-store', credentials: 'omit', signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** Asks once. Older gateways do not answer, which is no error. */
export function loadOwnFacts(): void {
  if (asked) return;
  asked = true;
  ask()
    .then(async (answer) => {
      if (answer.ok) known.value = readFacts(await answer.json());
    })
    .catch(() => (asked = false));
}

/** Whether plain HTTP gets through where the WebSocket does not. */
export async function lookAtGateway(url: string): Promise<'answers' | 'silent' | null> {
  if (!isOwn(url)) return null;
  return ask().then(
    () => 'answers',
    () => 'silent',
  );
}

const MODES: readonly AuthMode[] = ['token', 'password', 'tailscale', 'trusted-proxy', 'none'];

export function readFacts(value: unknown): GatewayFacts | null {
  if (typeof value !== 'object' || value === null) return null;
  const { version, name, auth, tls, serverVersion } = value as Record<string, unknown>;
  const modes = (auth as { modes?: unknown } | undefined)?.modes;
  const port = (tls as { port?: unknown } | undefined)?.port;
  const text = (entry: unknown) => (typeof entry === 'string' && entry !== '' ? entry : null);
  return {
    version: text(version) ?? text(serverVersion),
    name: text(name),
    modes: Array.isArray(modes) ? MODES.filter((mode) => modes.includes(mode)) : [],
    httpsPort: typeof port === 'number' ? port : null,
  };
}
