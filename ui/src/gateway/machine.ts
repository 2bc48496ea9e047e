// The connection as a machine: one pure function from a state and an event to the next state and what is to be done.
//
// Nothing here knows sockets, clocks or documents. `engine.ts` does what the effects say and feeds events back.

import { rowOf } from './errors';
import { OWN } from './failure';
import type { Failure } from './failure';

export type Health = 'live' | 'slow' | 'silent';
export type Phase = 'idle' | 'opening' | 'handshaking' | 'online' | 'retrying' | 'blocked';

export const TIMES = {
  /** Open and challenge. */
  open: 10_000,
  /** Answer to the introduction: the gateway slows down guesses. */
  handshake: 15_000,
  probeVisible: 5000,
  probeHidden: 30_000,
  /** Unanswered for this long: a second probe. */
  probeAgain: 4000,
  /** Without any frame, while a probe waits. */
  silent: 8000,
  dead: 12_000,
  /** A probe gets at least this long before the page calls the gateway silent. */
  patience: 3000,
  slowRtt: 800,
  backoffFirst: 500,
  backoffFactor: 1.8,
  backoffMost: 15_000,
  /** Online for this long: earlier failures no longer count. */
  settled: 30_000,
  betweenWakes: 1000,
  restart: 1500,
  /** A restart stays calm for this long. */
  calm: 60_000,
  pairing: 3000,
  pairingLater: 10_000,
  pairingEager: 120_000,
  /** A request waits this long at the gateway. */
  pairingExpires: 300_000,
} as const;

/** Tries before a failure that nobody knows is left to a person. */
const UNKNOWN_TRIES = 3;
const SAMPLES = 60;

export interface Waiting {
  readonly requestId: string;
  readonly firstSeenAt: number;
  readonly expiresAt: number;
}

export interface Machine {
  readonly phase: Phase;
  /** When the phase began. */
  readonly since: number;
  readonly health: Health;
  /** Why it is retrying or blocked; why it is opening again. */
  readonly failure: Failure | null;
  /** When it tries again; `null` while it waits for the page to be seen. */
  readonly retryAt: number | null;
  /** The gateway named the time: nothing makes it earlier. */
  readonly firm: boolean;
  readonly attempt: number;
  readonly unknownTries: number;
  readonly openedAt: number;
  readonly hidden: boolean;
  readonly everOnline: boolean;
  readonly reconnects: number;
  readonly lastFrameAt: number;
  readonly probes: boolean;
  readonly tickMs: number;
  readonly nextProbeAt: number;
  readonly probe: { readonly firstAt: number; readonly count: number } | null;
  readonly rtts: readonly number[];
  readonly restart: { readonly since: number; readonly expectedAt: number } | null;
  readonly waiting: Waiting | null;
  readonly askingSince: number | null;
}

export type Event =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  | { readonly type: 'block'; readonly failure: Failure }
  | { readonly type: 'opened' }
  | { readonly type: 'challenged' }
  | { readonly type: 'strange'; readonly message: string }
  | { readonly type: 'welcomed'; readonly probes: boolean; readonly tickMs: number }
  | { readonly type: 'refused'; readonly failure: Failure; readonly another: boolean }
  | { readonly type: 'closed'; readonly code: number; readonly reason: string }
  | { readonly type: 'frame' }
  | { readonly type: 'answered'; readonly rttMs: number }
  | { readonly type: 'shutdown'; readonly expectedMs: number | null }
  | { readonly type: 'wake' }
  | { readonly type: 'retry' }
  | { readonly type: 'visibility'; readonly hidden: boolean }
  | { readonly type: 'diagnosed'; readonly http: 'answers' | 'silent' }
  | { readonly type: 'remembered'; readonly waiting: Waiting }
  | { readonly type: 'tick' };

export type Effect =
  | { readonly do: 'open' }
  | { readonly do: 'introduce' }
  | { readonly do: 'probe' }
  | { readonly do: 'diagnose' }
  | { readonly do: 'forget-token' }
  | { readonly do: 'close'; readonly code: number; readonly reason: string };

/** What is not in the state: the time, and a number from 0 to 1. */
export interface Moment {
  readonly now: number;
  readonly random: number;
}

export type Step = readonly [Machine, readonly Effect[]];

export const INITIAL: Machine = {
  phase: 'idle',
  since: 0,
  health: 'live',
  failure: null,
  retryAt: null,
  firm: false,
  attempt: 0,
  unknownTries: 0,
  openedAt: Number.NEGATIVE_INFINITY,
  hidden: false,
  everOnline: false,
  reconnects: 0,
  lastFrameAt: 0,
  probes: false,
  tickMs: 30_000,
  nextProbeAt: 0,
  probe: null,
  rtts: [],
  restart: null,
  waiting: null,
  askingSince: null,
};

const CLOSE: Effect = { do: 'close', code: 1000, reason: 'page leaves' };

/** Delay before attempt `n` (from 0): grows to 15 s, with half of it left to chance. */
export function backoff(attempt: number, random: number): number {
  const full = Math.min(TIMES.backoffMost, TIMES.backoffFirst * TIMES.backoffFactor ** attempt);
  return Math.round(full * (0.5 + random / 2));
}

export function reduce(state: Machine, event: Event, moment: Moment): Step {
  const { now } = moment;
  switch (event.type) {
    case 'start':
      return open({ ...state, attempt: 0, unknownTries: 0, failure: null, waiting: null, askingSince: null, restart: null }, now, true);
    case 'stop':
      return [{ ...enter(state, 'idle', now), failure: null, retryAt: null, waiting: null, askingSince: null }, [CLOSE]];
    case 'block':
      return [{ ...enter(state, 'blocked', now), failure: event.failure, retryAt: null }, [CLOSE]];
    case 'opened':
      return [{ ...state, lastFrameAt: now }, []];
    case 'challenged':
      if (state.phase !== 'opening') return [state, []];
      return [{ ...enter(state, 'handshaking', now), lastFrameAt: now }, [{ do: 'introduce' }]];
    case 'strange':
      return fail(state, { code: OWN.notAGateway, message: event.message }, moment);
    case 'welcomed':
      return welcome(state, event, now);
    case 'refused':
      return refuse(state, event, moment);
    case 'closed':
      return closed(state, event, moment);
    case 'frame':
      return [heard(state, now), []];
    case 'answered':
      return [answered(state, event.rttMs, now), []];
    case 'shutdown':
      return [{ ...state, restart: { since: now, expectedAt: now + (event.expectedMs ?? TIMES.restart) } }, []];
    case 'wake':
      return wake(state, now);
    case 'retry':
      if (state.phase === 'idle' || state.phase === 'blocked') return open({ ...state, unknownTries: 0 }, now, false);
      return wake(state, now);
    case 'visibility':
      return visibility(state, event.hidden, now);
    case 'diagnosed':
      if (state.failure?.code !== OWN.neverOpened) return [state, []];
      return [{ ...state, failure: { ...state.failure, http: event.http } }, []];
    case 'remembered':
      return [{ ...state, waiting: event.waiting }, []];
    case 'tick':
      return tick(state, moment);
  }
}

function enter(state: Machine, phase: Phase, now: number): Machine {
  return { ...state, phase, since: now, health: 'live', probe: null };
}

function open(state: Machine, now: number, forget: boolean): Step {
  const next: Machine = {
    ...enter(state, 'opening', now),
    openedAt: now,
    retryAt: null,
    firm: false,
    failure: forget ? null : state.failure,
  };
  return [next, [{ do: 'open' }]];
}

function welcome(state: Machine, event: { probes: boolean; tickMs: number }, now: number): Step {
  return [
    {
      ...enter(state, 'online', now),
      failure: null,
      retryAt: null,
      unknownTries: 0,
      everOnline: true,
      reconnects: state.reconnects + (state.everOnline ? 1 : 0),
      lastFrameAt: now,
      probes: event.probes,
      tickMs: event.tickMs,
      // The first figure is there soon after the page.
      nextProbeAt: now + 500,
      restart: null,
      waiting: null,
      askingSince: null,
    },
    [],
  ];
}

function refuse(state: Machine, event: { failure: Failure; another: boolean }, moment: Moment): Step {
  const { failure } = event;
  const { problem } = rowOf(failure);
  const effects: Effect[] = [];
  // A stored token that is no longer good is of no use to anybody.
  const stale = failure.used === 'device' && (problem === 'notAccepted' || problem === 'revoked');
  if (stale) effects.push({ do: 'forget-token' });
  // Somebody took the token away while the page was online: whatever else the page knows is no way around that.
  if (stale && state.everOnline && state.failure?.code === OWN.authChanged) {
    const [next, more] = fail(state, { ...failure, code: OWN.revoked }, moment);
    return [next, [...effects, ...more]];
  }
  if (event.another) {
    const [next, more] = open(state, moment.now, false);
    return [next, [...effects, CLOSE, ...more]];
  }
  const [next, more] = fail(state, failure, moment);
  return [next, [...effects, ...more]];
}

function closed(state: Machine, event: { code: number; reason: string }, moment: Moment): Step {
  const { code, reason } = event;
  const base = { message: reason, closeCode: code };
  if (state.phase === 'online') {
    if (code === 1008 && /^device (revoked|removed)/.test(reason)) {
      const [next, effects] = fail(state, { ...base, code: OWN.revoked }, moment);
      return [next, [{ do: 'forget-token' }, ...effects]];
    }
    if (code === 1012 || state.restart) {
      const restart = state.restart ?? { since: moment.now, expectedAt: moment.now + TIMES.restart };
      return fail({ ...state, restart }, { ...base, code: OWN.restarting }, moment);
    }
    if (code === 1008 && reason.startsWith('slow consumer')) return fail(state, { ...base, code: OWN.slowConsumer }, moment);
    if (code === 4001) return fail(state, { ...base, code: OWN.authChanged }, moment);
    return fail(state, { ...base, code: OWN.closed }, moment);
  }
  if (state.phase === 'opening' || state.phase === 'handshaking') {
    const calm = state.restart !== null && moment.now - state.restart.since < TIMES.calm;
    if (calm) return fail(state, { ...base, code: OWN.restarting }, moment);
    // Some gateways close with the reason and send no answer.
    if (reason !== '' && rowOf({ ...base, code: '' }).problem !== 'unknown') return fail(state, { ...base, code: '' }, moment);
    const never = state.phase === 'opening' && state.lastFrameAt < state.openedAt;
    const [next, effects] = fail(state, { ...base, code: never ? OWN.neverOpened : `CLOSE_${code}` }, moment);
    return [next, never ? [...effects, { do: 'diagnose' }] : effects];
  }
  return [state, []];
}

/** What happens after a failure: wait for a person, or try again at a time. */
function fail(state: Machine, failure: Failure, moment: Moment): Step {
  const { now, random } = moment;
  const { way, problem } = rowOf(failure);
  const settled = state.phase === 'online' && now - state.since >= TIMES.settled;
  const attempt = settled ? 0 : state.attempt;
  const unknownTries = way === 'gives-up' ? state.unknownTries + 1 : 0;
  const old = state.failure;
  const known = failure.code === OWN.neverOpened && old?.code === failure.code && old.http ? { ...failure, http: old.http } : failure;
  const next = { ...enter(state, 'retrying', now), failure: known, attempt: attempt + 1, unknownTries, firm: false };
  if (way === 'waits' || (way === 'gives-up' && unknownTries >= UNKNOWN_TRIES)) {
    return [{ ...next, phase: 'blocked', retryAt: null, attempt: 0, waiting: null, askingSince: null }, [CLOSE]];
  }
  if (way === 'pairs') return pair(state, next, known, now);
  const restartAt = problem === 'restarting' ? state.restart?.expectedAt : undefined;
  const wait = failure.retryAfterMs;
  const at =
    wait !== undefined
      ? now + wait
      : restartAt !== undefined && restartAt > now && state.phase === 'online'
        ? restartAt
        : failure.code === OWN.silent
          ? now
          : now + backoff(attempt, random);
  return [{ ...next, retryAt: at, firm: problem === 'rateLimited' && wait !== undefined }, [CLOSE]];
}

function pair(before: Machine, next: Machine, failure: Failure, now: number): Step {
  const details = failure.details ?? {};
  const requestId = typeof details['requestId'] === 'string' ? details['requestId'] : '';
  const { waiting } = before;
  const same = waiting?.requestId === requestId;
  // Another id although the time of the old one is not over: somebody said no.
  if (waiting && !same && waiting.requestId !== '' && requestId !== '' && now < waiting.expiresAt - TIMES.pairing) {
    const refused = { ...failure, code: OWN.rejected };
    return [{ ...next, phase: 'blocked', failure: refused, retryAt: null, waiting: null, askingSince: null, attempt: 0 }, [CLOSE]];
  }
  const firstSeenAt = same && waiting ? waiting.firstSeenAt : now;
  const askingSince = before.askingSince ?? now;
  const entry: Waiting = { requestId, firstSeenAt, expiresAt: same && waiting ? waiting.expiresAt : (failure.expiresAt ?? now + TIMES.pairingExpires) };
  const delay = now - askingSince < TIMES.pairingEager ? TIMES.pairing : TIMES.pairingLater;
  return [{ ...next, attempt: 0, waiting: entry, askingSince, retryAt: before.hidden ? null : now + delay }, [CLOSE]];
}

function wake(state: Machine, now: number): Step {
  if (state.phase === 'online') {
    if (!state.probes || state.probe !== null) return [state, []];
    return [{ ...state, probe: { firstAt: now, count: 1 } }, [{ do: 'probe' }]];
  }
  if (state.phase !== 'retrying' || state.firm) return [state, []];
  const earliest = state.openedAt + TIMES.betweenWakes;
  if (now >= earliest) return open(state, now, false);
  return [{ ...state, retryAt: Math.min(state.retryAt ?? earliest, earliest) }, []];
}

function visibility(state: Machine, hidden: boolean, now: number): Step {
  const next = { ...state, hidden };
  if (!hidden) return wake({ ...next, nextProbeAt: Math.min(next.nextProbeAt, now + TIMES.probeVisible) }, now);
  if (state.waiting && state.phase === 'retrying') return [{ ...next, retryAt: null }, []];
  return [{ ...next, nextProbeAt: Math.max(next.nextProbeAt, now + TIMES.probeHidden) }, []];
}

function heard(state: Machine, now: number): Machine {
  if (state.health !== 'silent') return { ...state, lastFrameAt: now };
  return { ...state, lastFrameAt: now, health: 'slow' };
}

function answered(state: Machine, rttMs: number, now: number): Machine {
  if (state.phase !== 'online') return state;
  const rtts = [...state.rtts.slice(1 - SAMPLES), rttMs];
  const lost = (state.probe?.count ?? 1) > 1;
  // One slow answer while the page starts says nothing about the link.
  const slow = lost || (rtts.length >= 3 && percentile(rtts.slice(-20), 95) > TIMES.slowRtt);
  return {
    ...state,
    rtts,
    lastFrameAt: now,
    probe: null,
    health: slow ? 'slow' : 'live',
    nextProbeAt: now + (state.hidden ? TIMES.probeHidden : TIMES.probeVisible),
  };
}

/** When the gateway counts as silent, and when the link counts as dead. */
function limits(state: Machine): { silent: number; dead: number } | null {
  if (state.phase !== 'online') return null;
  if (!state.probes) {
    const silent = state.lastFrameAt + 2 * state.tickMs;
    return { silent, dead: silent + TIMES.dead - TIMES.silent };
  }
  if (state.probe === null) return null;
  const patience = state.hidden ? TIMES.silent : TIMES.patience;
  const silent = Math.max(state.lastFrameAt + TIMES.silent, state.probe.firstAt + patience);
  return { silent, dead: silent + TIMES.dead - TIMES.silent };
}

/** When the machine wants its next `tick`; `null`: not before something else happens. */
export function deadline(state: Machine): number | null {
  switch (state.phase) {
    case 'opening':
      return state.openedAt + TIMES.open;
    case 'handshaking':
      return state.since + TIMES.handshake;
    case 'retrying':
      return state.retryAt;
    case 'online': {
      const times: number[] = [];
      const bounds = limits(state);
      if (bounds) times.push(state.health === 'silent' ? bounds.dead : bounds.silent);
      if (state.probes && state.probe === null) times.push(state.nextProbeAt);
      if (state.probe?.count === 1) times.push(state.probe.firstAt + TIMES.probeAgain);
      return times.length > 0 ? Math.min(...times) : null;
    }
    default:
      return null;
  }
}

function tick(state: Machine, moment: Moment): Step {
  const { now } = moment;
  switch (state.phase) {
    case 'opening': {
      if (now < state.openedAt + TIMES.open) return [state, []];
      const never = state.lastFrameAt < state.openedAt;
      const failure = never
        ? { code: OWN.neverOpened, message: '' }
        : { code: OWN.notAGateway, message: '' };
      const [next, effects] = fail(state, failure, moment);
      return [next, never ? [...effects, { do: 'diagnose' }] : effects];
    }
    case 'handshaking':
      if (now < state.since + TIMES.handshake) return [state, []];
      return fail(state, { code: OWN.silent, message: '' }, { ...moment });
    case 'retrying':
      if (state.retryAt === null || now < state.retryAt) return [state, []];
      return open(state, now, false);
    case 'online':
      return watch(state, moment);
    default:
      return [state, []];
  }
}

function watch(state: Machine, moment: Moment): Step {
  const { now } = moment;
  const bounds = limits(state);
  if (bounds && now >= bounds.dead) {
    const [next, effects] = fail(state, { code: OWN.silent, message: 'tick timeout', closeCode: 4000 }, moment);
    return [next, [{ do: 'close', code: 4000, reason: 'tick timeout' }, ...effects]];
  }
  let next = state;
  const effects: Effect[] = [];
  if (bounds && now >= bounds.silent && state.health !== 'silent') next = { ...next, health: 'silent' };
  if (next.probes && next.probe === null && now >= next.nextProbeAt) {
    next = { ...next, probe: { firstAt: now, count: 1 } };
    effects.push({ do: 'probe' });
  } else if (next.probe?.count === 1 && now >= next.probe.firstAt + TIMES.probeAgain) {
    next = { ...next, probe: { ...next.probe, count: 2 }, health: next.health === 'silent' ? 'silent' : 'slow' };
    effects.push({ do: 'probe' });
  }
  return [next, effects];
}

/** The value below which so many percent of the samples are; 0 without samples. */
export function percentile(samples: readonly number[], percent: number): number {
  if (samples.length === 0) return 0;
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
}
