// Does what the machine says: opens sockets, keeps time, sends calls, and tells the machine what happened.

import { CallError } from './call-error';
import type { Failure } from './failure';
import { INITIAL, deadline, reduce } from './machine';
import type { Effect, Event, Machine } from './machine';
import type { Hello } from './hello';
import { readHello } from './hello';
import type { WireError } from '../wire/generated';

/** What a challenge says. */
export interface Challenge {
  readonly nonce: string;
  readonly ts: number | null;
  /** The gateway is of the newer protocol. */
  readonly modern: boolean;
}

/** The part of a `WebSocket` that is used. */
export interface Socket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((message: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

/** Everything outside, so that tests can stand in for it. */
export interface Ports {
  readonly now: () => number;
  readonly random: () => number;
  /** Calls back after a time, until the answer is called. */
  readonly after: (ms: number, run: () => void) => () => void;
  readonly openSocket: () => Socket;
  /** Params of `connect`, and what they carry. */
  readonly introduce: (challenge: Challenge) => Promise<object>;
  /** What was carried, and whether there is something else to try after this failure. */
  readonly judge: (failure: Failure) => { readonly failure: Failure; readonly another: boolean };
  /** Whether the gateway answers plain requests; `null`: it may not be asked. */
  readonly diagnose: () => Promise<'answers' | 'silent' | null>;
  readonly forgetToken: () => void;
  readonly welcomed: (hello: Hello) => { readonly probes: boolean };
  readonly changed: (machine: Machine) => void;
  readonly heard: (event: string, payload: unknown) => void;
  /** Events were missed: what is shown may be old. */
  readonly missed: () => void;
}

interface Waiter {
  readonly method: string;
  readonly resolve: (payload: unknown) => void;
  readonly reject: (error: CallError) => void;
}

interface Frame {
  readonly type?: unknown;
  readonly event?: unknown;
  readonly payload?: unknown;
  readonly seq?: unknown;
  readonly id?: unknown;
  readonly ok?: unknown;
  readonly error?: unknown;
}

export class Engine {
  private machine: Machine = INITIAL;
  private socket: Socket | null = null;
  private challenge: Challenge | null = null;
  private readonly waiting = new Map<string, Waiter>();
  private nextId = 0;
  private seq: number | null = null;
  private stopTimer: (() => void) | null = null;
  private maxPayload = 512 * 1024;

  constructor(private readonly ports: Ports) {}

  get state(): Machine {
    return this.machine;
  }

  dispatch(event: Event): void {
    const { now, random } = this.ports;
    const [next, effects] = reduce(this.machine, event, { now: now(), random: random() });
    const changed = next !== this.machine;
    this.machine = next;
    for (const effect of effects) this.perform(effect);
    if (!changed) return;
    this.arm();
    this.ports.changed(this.machine);
  }

  /** Sends a call. Nothing is ever sent twice by itself. */
  request(method: string, params: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.machine.phase !== 'online') {
        reject(new CallError({ code: 'DISCONNECTED', message: 'not connected to the gateway' }, method));
        return;
      }
      this.send(method, params, { method, resolve, reject });
    });
  }

  private send(method: string, params: unknown, waiter: Waiter): void {
    const id = String((this.nextId += 1));
    const text = JSON.stringify({ type: 'req', id, method, params });
    // UTF-8 is at most three times as long as the text; most texts need no exact count.
    const size = text.length * 3 > this.maxPayload ? new TextEncoder().encode(text).length : 0;
    if (size > this.maxPayload) {
      const message = `the request has ${size} bytes; this gateway takes ${this.maxPayload}`;
      waiter.reject(new CallError({ code: 'TOO_LARGE', message, details: { size, limit: this.maxPayload } }, method));
      return;
    }
    this.waiting.set(id, waiter);
    this.socket?.send(text);
  }

  private perform(effect: Effect): void {
    switch (effect.do) {
      case 'open':
        this.open();
        break;
      case 'close':
        this.drop(effect.code, effect.reason);
        break;
      case 'introduce':
        void this.introduce();
        break;
      case 'probe':
        void this.probe();
        break;
      case 'forget-token':
        this.ports.forgetToken();
        break;
      case 'diagnose':
        void this.ports.diagnose().then((http) => http && this.dispatch({ type: 'diagnosed', http }));
        break;
    }
  }

  private open(): void {
    this.drop(1000, 'page leaves');
    this.seq = null;
    this.challenge = null;
    const socket = this.ports.openSocket();
    this.socket = socket;
    // What an abandoned socket says is of no interest.
    const current = (run: () => void) => () => {
      if (this.socket === socket) run();
    };
    socket.onopen = current(() => this.dispatch({ type: 'opened' }));
    socket.onmessage = (message) => current(() => this.receive(message.data))();
    socket.onclose = (event) =>
      current(() => {
        this.socket = null;
        this.failWaiting();
        this.dispatch({ type: 'closed', code: event.code, reason: event.reason });
      })();
  }

  private drop(code: number, reason: string): void {
    const { socket } = this;
    this.socket = null;
    this.failWaiting();
    socket?.close(code, reason);
  }

  private failWaiting(): void {
    const waiters = [...this.waiting.values()];
    this.waiting.clear();
    for (const { method, reject } of waiters) reject(new CallError({ code: 'DISCONNECTED', message: 'the connection was lost' }, method));
  }

  private arm(): void {
    this.stopTimer?.();
    this.stopTimer = null;
    const at = deadline(this.machine);
    if (at === null) return;
    this.stopTimer = this.ports.after(Math.max(0, at - this.ports.now()), () => this.dispatch({ type: 'tick' }));
  }

  private async introduce(): Promise<void> {
    const { socket, challenge } = this;
    if (!challenge) return;
    let params: object;
    try {
      params = await this.ports.introduce(challenge);
    } catch (error) {
      if (this.socket === socket) {
        const message = error instanceof Error ? error.message : String(error);
        this.dispatch({ type: 'refused', failure: { code: 'KEY_FAILED', message }, another: false });
      }
      return;
    }
    if (this.socket !== socket) return;
    const refuse = (error: WireError) => {
      const { details, message, retryAfterMs, retryable } = error;
      const fields = typeof details === 'object' && details !== null ? (details as Record<string, unknown>) : undefined;
      const code = typeof fields?.['code'] === 'string' ? fields['code'] : error.code;
      // `INVALID_REQUEST` and `NOT_PAIRED` alone say nothing: the text does.
      const failure: Failure = { code, message, details: fields, retryAfterMs, retryable };
      this.dispatch({ type: 'refused', ...this.ports.judge(failure) });
    };
    this.send('connect', params, {
      method: 'connect',
      resolve: (payload) => {
        const hello = readHello(payload);
        if (!hello) {
          this.dispatch({ type: 'strange', message: 'the answer to connect is not one of a gateway' });
          return;
        }
        this.maxPayload = hello.policy.maxPayload;
        const { probes } = this.ports.welcomed(hello);
        this.dispatch({ type: 'welcomed', probes, tickMs: hello.policy.tickIntervalMs });
      },
      reject: ({ error }) => {
        if (error.code !== 'DISCONNECTED') refuse(error);
      },
    });
  }

  private async probe(): Promise<void> {
    const sent = this.ports.now();
    try {
      await this.request('last-heartbeat', {});
    } catch (error) {
      // A refusal is an answer too; the loss of the connection is told elsewhere.
      if (!(error instanceof CallError) || error.code === 'DISCONNECTED') return;
    }
    this.dispatch({ type: 'answered', rttMs: this.ports.now() - sent });
  }

  private receive(data: unknown): void {
    const frame = parse(data);
    if (this.machine.phase === 'opening') {
      const challenge = frame && readChallenge(frame);
      if (!challenge) {
        this.dispatch({ type: 'strange', message: 'the first message is not one of a gateway' });
        return;
      }
      this.challenge = challenge;
      this.dispatch({ type: 'challenged' });
      return;
    }
    if (!frame) return;
    if (frame.type === 'res') this.settle(frame);
    else if (frame.type === 'event' && typeof frame.event === 'string') this.event(frame.event, frame);
    // Once in a while is enough to know that the gateway lives.
    const { phase, health, lastFrameAt } = this.machine;
    if (phase === 'online' && (health === 'silent' || this.ports.now() - lastFrameAt > 500)) this.dispatch({ type: 'frame' });
  }

  private settle(frame: Frame): void {
    const id = String(frame.id);
    const waiter = this.waiting.get(id);
    this.waiting.delete(id);
    if (!waiter) return;
    if (frame.ok === true) waiter.resolve(frame.payload);
    else waiter.reject(new CallError(readError(frame.error), waiter.method));
  }

  private event(name: string, { payload, seq }: Frame): void {
    if (typeof seq === 'number') {
      const missing = this.seq !== null && seq > this.seq + 1;
      this.seq = seq;
      if (missing) this.ports.missed();
    }
    if (name === 'resync') this.ports.missed();
    if (name === 'shutdown') {
      const expected = (payload as { restartExpectedMs?: unknown } | null)?.restartExpectedMs;
      this.dispatch({ type: 'shutdown', expectedMs: typeof expected === 'number' ? expected : null });
    }
    this.ports.heard(name, payload);
  }
}

function parse(data: unknown): Frame | null {
  try {
    const value: unknown = JSON.parse(String(data));
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

function readChallenge(frame: Frame): Challenge | null {
  if (frame.type !== 'event' || frame.event !== 'connect.challenge') return null;
  const payload = frame.payload as { nonce?: unknown; ts?: unknown; capabilities?: unknown } | undefined;
  if (typeof payload?.nonce !== 'string') return null;
  return { nonce: payload.nonce, ts: typeof payload.ts === 'number' ? payload.ts : null, modern: Array.isArray(payload.capabilities) };
}

function readError(error: unknown): WireError {
  const fields = typeof error === 'object' && error !== null ? (error as Record<string, unknown>) : {};
  const { code, message, details, retryable, retryAfterMs } = fields;
  return {
    code: typeof code === 'string' ? code : 'UNKNOWN',
    message: typeof message === 'string' ? message : '',
    ...(details === undefined ? {} : { details }),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
    ...(typeof retryAfterMs === 'number' ? { retryAfterMs } : {}),
  };
}
