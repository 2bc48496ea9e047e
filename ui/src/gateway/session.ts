// The one connection of this page to a gateway, as the views see it.
//
// Views use: `connection`, `live`, `hello`, `can`, `has`, `call`, `on`. Signing in uses: `connect`, `disconnect`.

import { computed, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { takeLaunch } from '../app/base';
import type { EventName, Events, MethodName, Methods, Scope, WireError } from '../wire/generated';
import { deviceProof } from './identity';

/** Why there is no connection. */
export interface Failure {
  /** `details.code` of the refusal, or a name of ours for what never reached the gateway. */
  readonly code: string;
  /** What the gateway said. */
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly closeCode?: number;
}

export type Connection =
  | { readonly kind: 'idle' }
  | { readonly kind: 'opening' }
  | { readonly kind: 'handshaking' }
  | { readonly kind: 'online'; readonly health: 'live' | 'slow' | 'silent' }
  | { readonly kind: 'retrying'; readonly at: number; readonly failure: Failure }
  | { readonly kind: 'blocked'; readonly failure: Failure };

/** What the gateway said when it admitted this page. */
export interface Hello {
  readonly protocol: number;
  readonly server: { readonly version: string; readonly connId: string; readonly host?: string };
  readonly features: { readonly methods: readonly string[]; readonly events: readonly string[] };
  readonly snapshot: Readonly<Record<string, unknown>>;
  readonly auth?: { readonly role: string; readonly scopes: readonly Scope[]; readonly deviceToken?: string };
  readonly policy: { readonly tickIntervalMs: number; readonly maxPayload: number };
}

/** A call that the gateway refused, or that got no answer. */
export class CallError extends Error {
  constructor(
    readonly error: WireError,
    readonly method: string,
  ) {
    super(error.message);
    this.name = 'CallError';
  }

  get code(): string {
    return this.error.code;
  }
}

const state = signal<Connection>({ kind: 'idle' });
const lastHello = signal<Hello | null>(null);
const lastFrameAt = signal<number | null>(null);

/** How the connection is doing. */
export const connection: ReadonlySignal<Connection> = state;
/** Whether calls can be made now. */
export const live = computed(() => state.value.kind === 'online');
/** The newest hello; kept while the connection is lost. */
export const hello: ReadonlySignal<Hello | null> = lastHello;
/** When the gateway was last heard of, milliseconds since the epoch. */
export const lastContact: ReadonlySignal<number | null> = lastFrameAt;

/** Whether this page was granted a scope. Admin includes all, write includes read. */
export function can(scope: Scope): boolean {
  const granted = lastHello.value?.auth?.scopes ?? [];
  return (
    granted.includes(scope) ||
    granted.includes('operator.admin') ||
    (scope === 'operator.read' && granted.includes('operator.write'))
  );
}

/** Whether the gateway offers a method. */
export function has(method: MethodName): boolean {
  return lastHello.value?.features.methods.includes(method) ?? false;
}

type Listener = (payload: unknown) => void;
const listeners = new Map<string, Set<Listener>>();

/** Hears an event until the answer is called. */
export function on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
  const set = listeners.get(event) ?? new Set<Listener>();
  listeners.set(event, set);
  set.add(listener as Listener);
  return () => set.delete(listener as Listener);
}

interface Waiting {
  resolve: (payload: never) => void;
  reject: (error: CallError) => void;
  method: string;
}

let socket: WebSocket | null = null;
let nextId = 0;
const waiting = new Map<string, Waiting>();

/** Calls a method. Rejects with [CallError]; nothing is ever sent twice by itself. */
export function call<M extends MethodName>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
  return new Promise((resolve, reject) => {
    if (!socket || state.value.kind !== 'online') {
      reject(new CallError({ code: 'DISCONNECTED', message: 'not connected to the gateway' }, method));
      return;
    }
    send(method, params, { resolve, reject, method });
  });
}

function send(method: string, params: unknown, waiter: Waiting): void {
  const id = String((nextId += 1));
  waiting.set(id, waiter);
  socket?.send(JSON.stringify({ type: 'req', id, method, params }));
}

let credential: { token?: string } = {};

/** Connects with a credential, which is kept in memory only. */
export function connect(given: { token?: string }): void {
  credential = given;
  open();
}

/** Starts with what the address held. */
export function startSession(): void {
  const token = new URLSearchParams(takeLaunch().hash.slice(1)).get('token');
  connect(token ? { token } : {});
}

function open(): void {
  state.value = { kind: 'opening' };
  const url = new URL(document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  const opened = new WebSocket(url);
  socket = opened;
  opened.onmessage = (message) => {
    lastFrameAt.value = Date.now();
    void receive(JSON.parse(String(message.data)));
  };
  opened.onclose = (event) => {
    for (const waiter of waiting.values()) {
      waiter.reject(new CallError({ code: 'DISCONNECTED', message: 'the connection was lost' }, waiter.method));
    }
    waiting.clear();
    if (state.value.kind === 'blocked') return;
    const failure = { code: 'CLOSED', message: event.reason, closeCode: event.code };
    state.value = { kind: 'retrying', at: Date.now() + 2000, failure };
    setTimeout(open, 2000);
  };
}

interface Frame {
  type: string;
  event?: string;
  payload?: unknown;
  id?: string;
  ok?: boolean;
  error?: WireError;
}

async function receive(frame: Frame): Promise<void> {
  if (frame.type === 'event' && frame.event === 'connect.challenge') {
    state.value = { kind: 'handshaking' };
    await introduce((frame.payload as { nonce: string }).nonce);
    return;
  }
  if (frame.type === 'event') {
    for (const listener of listeners.get(frame.event ?? '') ?? []) listener(frame.payload);
    return;
  }
  const waiter = waiting.get(frame.id ?? '');
  waiting.delete(frame.id ?? '');
  if (frame.ok) waiter?.resolve(frame.payload as never);
  else waiter?.reject(new CallError(frame.error ?? { code: 'UNKNOWN', message: '' }, waiter.method));
}

async function introduce(nonce: string): Promise<void> {
  const scopes = ['operator.admin', 'operator.approvals', 'operator.pairing'];
  const client = { id: 'openclaw-control-ui', version: '1', platform: navigator.platform, mode: 'webchat' };
  const token = credential.token;
  const device = await deviceProof({ client, role: 'operator', scopes, nonce, token: token ?? '' });
  const params = { minProtocol: 3, maxProtocol: 4, client, role: 'operator', scopes, caps: [], device, auth: { token } };
  send('connect', params, {
    method: 'connect',
    resolve: (payload: Hello) => {
      lastHello.value = payload;
      state.value = { kind: 'online', health: 'live' };
    },
    reject: (error) => {
      state.value = {
        kind: 'blocked',
        failure: { code: String((error.error.details as { code?: string } | undefined)?.code ?? error.code), message: error.message },
      };
    },
  } as Waiting);
}
