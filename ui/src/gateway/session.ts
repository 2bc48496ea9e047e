// The one connection of this page to a gateway, as the views see it.
//
// Views use: `connection`, `live`, `hello`, `can`, `has`, `call`, `on`. Signing in and the shell use the rest.

import { computed, signal } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { servedBy, takeLaunch } from '../app/base';
import type { EventName, Events, MethodName, Methods, Scope } from '../wire/generated';
import { levelOf, scopesOf } from './access-level';
import type { AccessLevel } from './access-level';
import { randomId } from './bytes';
import { displayName, platform } from './client-info';
import { localTime, noteClock } from './clock';
import { deviceToken, forgetDeviceToken, forgetSecret, keepDeviceToken, keepSecret, secretOf } from './credentials';
import type { Secret } from './credentials';
import { Engine } from './engine';
import type { Challenge, Socket } from './engine';
import { rowOf } from './errors';
import { lookAtGateway } from './facts';
import { OWN } from './failure';
import type { CredentialKind, Failure } from './failure';
import { ownAddress, warningsOf } from './gateway-address';
import { allowUnencrypted, chooseGateway, currentUrl, dropGateway, isOwn, knownGateway, noteGateway, startGateways, wasAllowed } from './gateways';
import type { Hello } from './hello';
import { accepted, forgetIdentity, identityFor } from './identity';
import type { Identity } from './identity';
import { parseLaunch } from './launch';
import { INITIAL } from './machine';
import type { Machine, Waiting } from './machine';
import { proofPayload } from './proof';
import { parseSetupCode } from './setup-code';
import { readObject, writeItem } from './storage';

export { CallError } from './call-error';
export type { Failure } from './failure';
export type { Hello } from './hello';

export type Connection =
  | { readonly kind: 'idle' }
  | { readonly kind: 'opening'; readonly failure: Failure | null }
  | { readonly kind: 'handshaking'; readonly failure: Failure | null }
  | { readonly kind: 'online'; readonly health: 'live' | 'slow' | 'silent' }
  | { readonly kind: 'retrying'; readonly at: number | null; readonly failure: Failure; readonly attempt: number }
  | { readonly kind: 'blocked'; readonly failure: Failure };

const state = signal<Connection>({ kind: 'idle' });
const machineState = signal<Machine>(INITIAL);
const lastHello = signal<Hello | null>(null);
const lastFrameAt = signal<number | null>(null);
const usedIdentity = signal<Identity | null>(null);
const secretWasInQuery = signal(false);
const proposal = signal<Proposal | null>(null);
const pollingPausedUntil = signal(0);

/** How the connection is doing. */
export const connection: ReadonlySignal<Connection> = state;
/** The same with everything that the machine knows, for what shows the connection itself. */
export const machine: ReadonlySignal<Machine> = machineState;
/** Whether calls can be made now. */
export const live = computed(() => state.value.kind === 'online');
/** The newest hello; kept while the connection is lost. */
export const hello: ReadonlySignal<Hello | null> = lastHello;
/** When the gateway was last heard of, milliseconds since the epoch. */
export const lastContact: ReadonlySignal<number | null> = lastFrameAt;
/** This browser's key for the gateway, once it was needed. */
export const identity: ReadonlySignal<Identity | null> = usedIdentity;
/** Id of the device that this browser is for the gateway. */
export const ownDeviceId = computed(() => usedIdentity.value?.deviceId ?? null);
/** A secret stood in the query of the address. */
export const secretInQuery: ReadonlySignal<boolean> = secretWasInQuery;
/** The request of this browser that waits for approval. */
export const waiting = computed<Waiting | null>(() => machineState.value.waiting);
/** The pages of views that load again and again rest until then. */
export const pollingPaused: ReadonlySignal<number> = pollingPausedUntil;

/** A gateway that a link named. Nothing is sent to it before the person agrees. */
export interface Proposal {
  readonly url: string;
  readonly secret: Given | null;
  readonly readable: boolean;
}

/** What a link asks this page to use. */
export const proposed: ReadonlySignal<Proposal | null> = proposal;

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

/** What the sign-in amounts to. */
export const grantedLevel = computed(() => levelOf(lastHello.value?.auth?.scopes ?? []));

type Listener = (payload: unknown) => void;
const listeners = new Map<string, Set<Listener>>();
const missedListeners = new Set<() => void>();
const switchListeners = new Set<() => void>();

/** Hears an event until the answer is called. */
export function on<E extends EventName>(event: E, listener: (payload: Events[E]) => void): () => void {
  const set = listeners.get(event) ?? new Set<Listener>();
  listeners.set(event, set);
  set.add(listener as Listener);
  return () => set.delete(listener as Listener);
}

/** Hears when events were missed, at most every few seconds. */
export function onMissed(listener: () => void): () => void {
  missedListeners.add(listener);
  return () => missedListeners.delete(listener);
}

/** Calls a method. Rejects with [CallError]; nothing is ever sent twice by itself. */
export function call<M extends MethodName>(method: M, params: Methods[M]['params']): Promise<Methods[M]['result']> {
  return engine.request(method, params) as Promise<Methods[M]['result']>;
}

/** What a person gives to be let in. */
export interface Given {
  readonly token?: string;
  readonly password?: string;
  readonly bootstrapToken?: string;
}

interface Candidate {
  readonly kind: CredentialKind;
  readonly auth: Readonly<Record<string, string>>;
}

const instanceId = randomId();
let given: Given = {};
let givenBy: 'typed' | 'link' = 'typed';
/** What is tried in turn; made anew for every start. */
let plan: readonly Candidate[] | null = null;
let planAt = 0;

function makePlan(url: string, device: Identity, modern: boolean): readonly Candidate[] {
  const list: Candidate[] = [];
  const { token, password, bootstrapToken } = given;
  const typed: Candidate | null = token ? { kind: givenBy, auth: { token } } : password ? { kind: givenBy, auth: { password } } : null;
  const setup: Candidate | null = bootstrapToken ? { kind: 'setup-code', auth: { bootstrapToken } } : null;
  const stored = deviceToken(url, device.deviceId, isOwn(url));
  const own: Candidate | null = stored ? { kind: 'device', auth: modern ? { deviceToken: stored.token } : { token: stored.token } } : null;
  const secret = secretOf(url);
  const kept: Candidate | null = secret && !typed ? { kind: 'typed', auth: { ...secret } } : null;
  // What a person typed now is what they mean. A link may be old; then what this browser has does.
  const order = givenBy === 'typed' && typed ? [typed] : [setup, own, typed, kept];
  for (const candidate of order) if (candidate) list.push(candidate);
  return list.length > 0 ? list : [{ kind: 'none', auth: {} }];
}

async function introduce(challenge: Challenge): Promise<object> {
  if (challenge.ts !== null) noteClock(challenge.ts, Date.now());
  const url = currentUrl.value;
  const { access, remember } = knownGateway(url);
  const device = await identityFor(url, isOwn(url), remember);
  usedIdentity.value = device;
  plan ??= makePlan(url, device, challenge.modern);
  const candidate = plan[planAt] ?? { kind: 'none', auth: {} };
  const { auth } = candidate;
  const role = 'operator';
  const scopes = scopesOf(access);
  const client = {
    id: 'openclaw-control-ui',
    displayName: displayName(navigator.userAgent),
    version: servedBy || 'dev',
    platform: platform(),
    mode: 'webchat',
    instanceId,
  };
  // The gateway's own time proves freshness as well as ours, and no clock has to be right.
  const signedAt = challenge.ts ?? Date.now();
  const signed = proofPayload(challenge.modern ? 3 : 2, {
    deviceId: device.deviceId,
    clientId: client.id,
    clientMode: client.mode,
    role,
    scopes,
    signedAt,
    token: auth['token'] ?? auth['deviceToken'] ?? auth['bootstrapToken'] ?? '',
    nonce: challenge.nonce,
    platform: client.platform,
  });
  const proof = { id: device.deviceId, publicKey: device.publicKey, signature: await device.sign(signed), signedAt, nonce: challenge.nonce };
  return { minProtocol: 3, maxProtocol: 4, client, role, scopes, caps: [], device: proof, auth, userAgent: navigator.userAgent, locale: navigator.language };
}

function judge(failure: Failure): { failure: Failure; another: boolean } {
  const used = plan?.[planAt]?.kind ?? 'none';
  const { problem } = rowOf({ ...failure, used });
  const wrong = problem === 'notAccepted' || problem === 'passwordNotAccepted' || problem === 'setupCode';
  const another = wrong && plan !== null && planAt + 1 < plan.length;
  if (another) planAt += 1;
  // A wrong secret is of no use in this tab any more.
  if (wrong && (used === 'typed' || used === 'link')) forgetSecret(currentUrl.value);
  const ends = failure.details?.['expiresAtMs'];
  return { failure: { ...failure, used, expiresAt: typeof ends === 'number' ? localTime(ends) : undefined }, another };
}

function welcomed(greeting: Hello): { probes: boolean } {
  const url = currentUrl.value;
  const { remember } = knownGateway(url);
  const own = isOwn(url);
  const device = usedIdentity.value;
  const token = greeting.auth?.deviceToken;
  if (device && token) {
    keepDeviceToken(url, device.deviceId, token, greeting.auth?.scopes ?? [], remember);
    accepted(url, own, device);
    // From now on the token of its own does.
    forgetSecret(url);
    given = {};
  }
  plan = null;
  planAt = 0;
  lastHello.value = greeting;
  noteGateway(url, { lastOk: Date.now() });
  return { probes: can('operator.read') && has('last-heartbeat') };
}

const waitingKey = (url: string) => `openclaw.control.waiting:${url}`;

function publish(next: Machine): void {
  const before = machineState.peek();
  machineState.value = next;
  if (next.phase === 'online' && Date.now() - (lastFrameAt.peek() ?? 0) >= 1000) lastFrameAt.value = Date.now();
  if (next.waiting && next.waiting !== before.waiting) {
    // A reload must not start the time of the request anew.
    writeItem('session', waitingKey(currentUrl.peek()), JSON.stringify(next.waiting));
  } else if (next.waiting === null && before.waiting !== null) writeItem('session', waitingKey(currentUrl.peek()), null);
  if (next.failure?.code === OWN.revoked && before.failure?.code !== OWN.revoked) {
    // What was shown is no longer for this browser.
    lastHello.value = null;
    for (const listener of switchListeners) listener();
  }
  if (next.failure?.code === OWN.slowConsumer && before.failure !== next.failure) pollingPausedUntil.value = Date.now() + 60_000;
  const shown = shownOf(next);
  if (JSON.stringify(shown) !== JSON.stringify(state.peek())) state.value = shown;
}

function shownOf(next: Machine): Connection {
  switch (next.phase) {
    case 'idle':
      return { kind: 'idle' };
    case 'opening':
    case 'handshaking':
      return { kind: next.phase, failure: next.failure };
    case 'online':
      return { kind: 'online', health: next.health };
    case 'retrying':
      return { kind: 'retrying', at: next.retryAt, failure: next.failure ?? NO_REASON, attempt: next.attempt };
    case 'blocked':
      return { kind: 'blocked', failure: next.failure ?? NO_REASON };
  }
}

const NO_REASON: Failure = { code: OWN.closed, message: '' };

let missedTimer: ReturnType<typeof setTimeout> | undefined;

function missed(): void {
  missedTimer ??= setTimeout(() => {
    missedTimer = undefined;
    for (const listener of missedListeners) listener();
  }, 2000);
}

const engine = new Engine({
  now: () => Date.now(),
  random: Math.random,
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  openSocket: () => new WebSocket(currentUrl.value) as unknown as Socket,
  introduce,
  judge,
  diagnose: () => lookAtGateway(currentUrl.value),
  forgetToken: () => forgetDeviceToken(currentUrl.value, isOwn(currentUrl.value)),
  welcomed,
  changed: publish,
  heard: (event, payload) => {
    for (const listener of listeners.get(event) ?? []) listener(payload);
  },
  missed,
});

/** Starts over with what is known now. Refuses by itself what must be asked about first. */
function begin(): void {
  const url = currentUrl.value;
  plan = null;
  planAt = 0;
  const warnings = warningsOf(url, location.protocol === 'https:');
  if (warnings.mixed) {
    engine.dispatch({ type: 'block', failure: { code: OWN.mixedContent, message: '' } });
    return;
  }
  if (warnings.unencrypted && !wasAllowed(url)) {
    engine.dispatch({ type: 'block', failure: { code: OWN.unencrypted, message: '' } });
    return;
  }
  const kept = readObject('session', waitingKey(url));
  engine.dispatch({ type: 'start' });
  const { requestId, firstSeenAt, expiresAt } = kept ?? {};
  if (typeof requestId === 'string' && typeof firstSeenAt === 'number' && typeof expiresAt === 'number' && expiresAt > Date.now()) {
    engine.dispatch({ type: 'remembered', waiting: { requestId, firstSeenAt, expiresAt } });
  }
}

function use(credential: Given, by: 'typed' | 'link'): void {
  given = credential;
  givenBy = by;
  const secret: Secret | null = credential.token ? { token: credential.token } : credential.password ? { password: credential.password } : null;
  if (secret) keepSecret(currentUrl.value, secret);
}

/** Signs in to the gateway of this tab. A setup code may stand where the token does. */
export function connect(credential: Given): void {
  const code = credential.token ? parseSetupCode(credential.token) : null;
  if (code) {
    const url = code.urls.find((url) => url === currentUrl.value || (isOwn(url) && isOwn(currentUrl.value)));
    if (url === undefined) {
      proposal.value = { url: code.urls[0] ?? '', secret: { bootstrapToken: code.bootstrapToken }, readable: true };
      return;
    }
    use({ bootstrapToken: code.bootstrapToken }, 'link');
  } else use(credential, 'typed');
  begin();
}

/** Stops trying; the sign-in stays. */
export function disconnect(): void {
  engine.dispatch({ type: 'stop' });
}

/** Tries again at once, whatever the page waits for. */
export function retryNow(): void {
  if (state.value.kind === 'idle' || state.value.kind === 'blocked') begin();
  else engine.dispatch({ type: 'retry' });
}

/** Leaves the live connection and makes a new one. */
export function reconnect(): void {
  engine.dispatch({ type: 'stop' });
  begin();
}

/** The person knows that others can listen, and goes on in this tab. */
export function continueUnencrypted(): void {
  allowUnencrypted(currentUrl.value);
  begin();
}

/** How much to ask for at the next sign-in. */
export function setAccess(level: AccessLevel): void {
  noteGateway(currentUrl.value, { access: level });
}

/** Asks for more than was granted: the gateway treats it as a request that somebody approves. */
export function requestAccess(level: AccessLevel): void {
  setAccess(level);
  reconnect();
}

/** Whether keys and tokens of this gateway stay in the browser. */
export function setRemember(remember: boolean): void {
  const url = currentUrl.value;
  if (knownGateway(url).remember === remember) return;
  noteGateway(url, { remember });
  if (!remember) {
    forgetDeviceToken(url, isOwn(url));
    void forgetIdentity(url, isOwn(url));
  }
}

/** Shows another gateway in this tab. The one before stays signed in. */
export function switchGateway(url: string, credential: Given | null = null): void {
  engine.dispatch({ type: 'stop' });
  lastHello.value = null;
  usedIdentity.value = null;
  lastFrameAt.value = null;
  for (const listener of switchListeners) listener();
  chooseGateway(url);
  given = {};
  if (credential) use(credential, 'link');
  begin();
}

/** Hears when the tab turns to another gateway: what was kept is of the old one. */
export function onSwitch(listener: () => void): void {
  switchListeners.add(listener);
}

/** Answer to what a link proposed. */
export function decideProposal(accept: boolean): void {
  const made = proposal.value;
  proposal.value = null;
  if (!made) return;
  if (!accept || !made.readable) {
    if (state.value.kind === 'idle') begin();
    return;
  }
  // The dialog says what is not encrypted; agreeing to it is the choice.
  allowUnencrypted(made.url);
  noteGateway(made.url, {});
  switchGateway(made.url, made.secret);
}

/** A new key for this gateway. Somebody has to approve it. */
export async function renewKey(): Promise<void> {
  const url = currentUrl.value;
  forgetDeviceToken(url, isOwn(url));
  await forgetIdentity(url, isOwn(url));
  begin();
}

/** Takes back this browser's token where that is allowed, and removes what the browser keeps of one gateway. */
export async function forgetGateway(url: string): Promise<void> {
  const own = isOwn(url);
  const current = url === currentUrl.value;
  const device = usedIdentity.value;
  if (current && live.value && device && can('operator.pairing')) {
    // Without the scope or the method the gateway goes on listing the device; the page says so.
    await engine.request('device.token.revoke', { deviceId: device.deviceId, role: 'operator' }).catch(() => undefined);
  }
  if (current) engine.dispatch({ type: 'stop' });
  forgetDeviceToken(url, own);
  forgetSecret(url);
  dropGateway(url);
  await forgetIdentity(url, own);
  if (current) {
    given = {};
    lastHello.value = null;
    usedIdentity.value = null;
    for (const listener of switchListeners) listener();
    engine.dispatch({ type: 'stop' });
  }
}

/** Starts with what the address held. */
export function startSession(): void {
  const launch = takeLaunch();
  const wishes = parseLaunch(launch.hash, launch.search);
  startGateways(wishes.safe);
  follow(wishes);
  addEventListener('online', () => engine.dispatch({ type: 'wake' }));
  addEventListener('focus', () => engine.dispatch({ type: 'wake' }));
  document.addEventListener('visibilitychange', () => engine.dispatch({ type: 'visibility', hidden: document.hidden }));
  if (document.hidden) engine.dispatch({ type: 'visibility', hidden: true });
  // A link that is pasted into this tab changes the fragment only; nothing is loaded again.
  addEventListener('hashchange', () => {
    const { hash } = location;
    const pasted = parseLaunch(hash, '');
    if (pasted.credential === null && pasted.gatewayUrl === null) return;
    history.replaceState(history.state, '', location.pathname + location.search);
    follow(pasted);
  });
}

function follow(wishes: ReturnType<typeof parseLaunch>): void {
  secretWasInQuery.value = wishes.inQuery;
  const named = wishes.gatewayUrl ?? wishes.badGatewayUrl;
  // In somebody else's frame nobody can tell whose dialog it is.
  const framed = window.top !== window.self;
  if (named !== null && !(wishes.gatewayUrl !== null && (wishes.gatewayUrl === currentUrl.value || (isOwn(named) && isOwn(currentUrl.value))))) {
    if (wishes.gatewayUrl !== null && isOwn(named)) {
      // Its own page, seen in a tab that was showing another gateway.
      if (wishes.access) noteGateway(currentUrl.value, { access: wishes.access });
      switchGateway(named, wishes.credential);
      return;
    }
    if (!framed) {
      proposal.value = { url: named, secret: wishes.credential, readable: wishes.gatewayUrl !== null };
      return;
    }
  } else if (wishes.credential) {
    // Credentials of a link without a name are for the gateway that served the page.
    if (named === null && !isOwn(currentUrl.value)) chooseGateway(ownAddress());
    use(wishes.credential, 'link');
  }
  if (wishes.access) noteGateway(currentUrl.value, { access: wishes.access });
  begin();
}
