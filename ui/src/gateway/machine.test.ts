import { describe, expect, test } from 'vitest';
import type { Failure } from './failure';
import { INITIAL, TIMES, backoff, deadline, percentile, reduce } from './machine';
import type { Effect, Event, Machine } from './machine';

/** A machine with a clock: runs events, and the ticks that it asks for. */
class Rig {
  now = 1000;
  random = 1;
  machine: Machine = INITIAL;
  done: Effect['do'][] = [];

  send(event: Event): this {
    const [next, effects] = reduce(this.machine, event, { now: this.now, random: this.random });
    this.machine = next;
    this.done.push(...effects.map((effect) => effect.do));
    return this;
  }

  /** Lets time pass, with every tick on its time. */
  pass(ms: number): this {
    const end = this.now + ms;
    for (;;) {
      const at = deadline(this.machine);
      if (at === null || at > end) break;
      this.now = Math.max(this.now, at);
      this.send({ type: 'tick' });
    }
    this.now = end;
    return this;
  }

  take(): Effect['do'][] {
    return this.done.splice(0);
  }

  online(): this {
    this.send({ type: 'start' }).send({ type: 'opened' }).send({ type: 'challenged' });
    this.send({ type: 'welcomed', probes: true, tickMs: 30_000 });
    this.done = [];
    return this;
  }

  lose(code = 1006, reason = ''): this {
    return this.send({ type: 'closed', code, reason });
  }
}

const pairing = (requestId: string): Failure => ({ code: 'PAIRING_REQUIRED', message: 'pairing required', details: { requestId } });
const refused = (failure: Failure): Event => ({ type: 'refused', failure, another: false });

describe('getting in', () => {
  test('open, challenge, introduction, online', () => {
    const rig = new Rig().send({ type: 'start' });
    expect(rig.machine.phase).toBe('opening');
    expect(rig.send({ type: 'opened' }).send({ type: 'challenged' }).machine.phase).toBe('handshaking');
    rig.send({ type: 'welcomed', probes: true, tickMs: 30_000 });
    expect(rig.machine.phase).toBe('online');
    expect(rig.take()).toEqual(['open', 'introduce']);
  });

  test('a wrong token waits for a person, for ever', () => {
    const rig = new Rig().send({ type: 'start' }).send({ type: 'challenged' });
    rig.take();
    rig.send(refused({ code: 'AUTH_TOKEN_MISMATCH', message: '', used: 'typed' })).pass(3_600_000).send({ type: 'wake' });
    expect(rig.machine.phase).toBe('blocked');
    expect(rig.take()).not.toContain('open');
    expect(rig.send({ type: 'retry' }).take()).toContain('open');
  });

  test('a stored token that is refused is forgotten, and the next credential is tried at once', () => {
    const rig = new Rig().send({ type: 'start' }).send({ type: 'challenged' });
    rig.take();
    rig.send({ type: 'refused', failure: { code: 'AUTH_DEVICE_TOKEN_MISMATCH', message: '', used: 'device' }, another: true });
    expect(rig.take()).toEqual(['forget-token', 'close', 'open']);
    expect(rig.machine.phase).toBe('opening');
  });

  test('no challenge in 10 s: an open socket is no gateway, a closed one cannot be reached', () => {
    const silent = new Rig().send({ type: 'start' });
    silent.now += 10;
    silent.send({ type: 'opened' }).pass(10_000);
    expect(silent.machine.failure?.code).toBe('NOT_A_GATEWAY');
    const closed = new Rig().send({ type: 'start' }).pass(10_000);
    expect(closed.machine.failure?.code).toBe('NEVER_OPENED');
    expect(closed.take()).toContain('diagnose');
    closed.send({ type: 'diagnosed', http: 'answers' });
    expect(closed.machine.failure?.http).toBe('answers');
  });

  test('what nobody knows is tried three times, then left to a person', () => {
    const rig = new Rig().send({ type: 'start' });
    for (let tries = 0; tries < 2; tries += 1) {
      rig.send({ type: 'challenged' }).send(refused({ code: 'WAT', message: 'wat' }));
      expect(rig.machine.phase).toBe('retrying');
      rig.pass((rig.machine.retryAt ?? 0) - rig.now);
    }
    rig.send({ type: 'challenged' }).send(refused({ code: 'WAT', message: 'wat' }));
    expect(rig.machine.phase).toBe('blocked');
  });
});

describe('trying again', () => {
  test('delays grow to 15 s with half of them left to chance', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 20].map((attempt) => backoff(attempt, 1))).toEqual([500, 900, 1620, 2916, 5249, 9448, 15_000, 15_000]);
    expect(backoff(0, 0)).toBe(250);
    expect(backoff(20, 0.5)).toBe(11_250);
  });

  test('each failure waits longer; 30 s online forget them', () => {
    const rig = new Rig().online().pass(1000).lose();
    const waits: number[] = [];
    for (let tries = 0; tries < 3; tries += 1) {
      waits.push((rig.machine.retryAt ?? 0) - rig.now);
      rig.pass(waits[tries] ?? 0).lose();
    }
    expect(waits).toEqual([500, 900, 1620]);
    rig.online();
    for (let seconds = 0; seconds < 31; seconds += 1) rig.pass(1000).send({ type: 'answered', rttMs: 5 });
    rig.lose();
    expect((rig.machine.retryAt ?? 0) - rig.now).toBe(500);
  });

  test('waking tries at once, but not twice in a second', () => {
    const rig = new Rig().online().pass(5000).lose().pass(500).lose().pass(900).lose();
    rig.take();
    rig.pass(100).send({ type: 'wake' });
    expect(rig.take()).toEqual([]);
    rig.pass(900);
    expect(rig.take()).toEqual(['open']);
    rig.lose().pass(1100).send({ type: 'wake' });
    expect(rig.take()).toContain('open');
  });

  test('a gateway that names a time is not asked earlier', () => {
    const rig = new Rig().send({ type: 'start' }).send({ type: 'challenged' });
    rig.send(refused({ code: 'AUTH_RATE_LIMITED', message: '', retryAfterMs: 40_000, retryable: true }));
    rig.take();
    rig.pass(39_000).send({ type: 'wake' }).send({ type: 'retry' });
    expect(rig.take()).toEqual([]);
    rig.pass(1000);
    expect(rig.take()).toEqual(['open']);
  });

  test('a restart stays calm for a minute and is first tried when it should be over', () => {
    const rig = new Rig().online();
    rig.send({ type: 'shutdown', expectedMs: 4000 }).pass(200).lose(1012, 'service restart');
    expect(rig.machine.failure?.code).toBe('RESTARTING');
    expect((rig.machine.retryAt ?? 0) - rig.now).toBe(3800);
    rig.pass(3800).lose(1006);
    expect(rig.machine.failure?.code).toBe('RESTARTING');
    for (let tries = 0; tries < 20 && rig.machine.failure?.code === 'RESTARTING'; tries += 1) rig.pass(15_000).lose(1006);
    expect(rig.machine.failure?.code).toBe('NEVER_OPENED');
    expect(new Rig().online().lose(1012).machine.retryAt).toBe(1000 + TIMES.restart);
  });
});

describe('pairing', () => {
  const ask = (rig: Rig, requestId: string) => rig.send({ type: 'challenged' }).send(refused(pairing(requestId)));

  test('looks again every 3 s for 2 minutes, then every 10 s, and not while nobody looks', () => {
    const rig = new Rig().send({ type: 'start' });
    ask(rig, 'one');
    expect((rig.machine.retryAt ?? 0) - rig.now).toBe(3000);
    for (let seconds = 0; seconds < 123; seconds += 3) ask(rig.pass(3000), 'one');
    expect((rig.machine.retryAt ?? 0) - rig.now).toBe(10_000);
    rig.send({ type: 'visibility', hidden: true });
    rig.take();
    rig.pass(60_000);
    expect(rig.take()).toEqual([]);
    rig.send({ type: 'visibility', hidden: false });
    expect(rig.take()).toEqual(['open']);
  });

  test('a new id after the time of the old one is shown; before it somebody said no', () => {
    const rig = new Rig().send({ type: 'start' });
    ask(rig, 'one');
    const { expiresAt } = rig.machine.waiting ?? { expiresAt: 0 };
    expect(expiresAt - rig.now).toBe(TIMES.pairingExpires);
    while (rig.now < expiresAt) {
      rig.pass(10_000);
      if (rig.machine.phase === 'opening') ask(rig, rig.now >= expiresAt ? 'two' : 'one');
    }
    expect(rig.machine.waiting?.requestId).toBe('two');
    ask(rig.pass(10_000), 'three');
    expect(rig.machine.phase).toBe('blocked');
    expect(rig.machine.failure?.code).toBe('PAIRING_REJECTED');
  });
});

describe('being alive', () => {
  test('probes every 5 s while seen, every 30 s while hidden', () => {
    const rig = new Rig().online();
    const count = (seconds: number) => {
      let probes = 0;
      for (let second = 0; second < seconds; second += 1) {
        rig.pass(1000);
        if (rig.take().includes('probe')) {
          probes += 1;
          rig.send({ type: 'answered', rttMs: 20 });
        }
      }
      return probes;
    };
    expect(count(60)).toBeGreaterThanOrEqual(11);
    rig.send({ type: 'visibility', hidden: true });
    expect(count(1200)).toBeLessThanOrEqual(40);
  });

  test('bytes that stop are shown within 10 s and the socket is replaced within 15 s, whenever they stop', () => {
    for (let stop = 0; stop <= 5000; stop += 250) {
      const rig = new Rig().online().pass(600);
      rig.send({ type: 'answered', rttMs: 20 }).pass(stop);
      // An event arrives just before everything stops.
      if (rig.machine.probe === null) rig.send({ type: 'frame' });
      const from = rig.now;
      while (rig.machine.health !== 'silent') rig.pass(50);
      expect(rig.now - from).toBeLessThanOrEqual(10_000);
      rig.take();
      while (rig.machine.phase === 'online') rig.pass(50);
      rig.pass(0);
      expect(rig.now - from).toBeLessThanOrEqual(15_000);
      expect(rig.take()).toContain('open');
    }
  });

  test('any frame is a sign of life', () => {
    const rig = new Rig().online().pass(600);
    for (let seconds = 0; seconds < 60; seconds += 1) rig.pass(1000).send({ type: 'frame' });
    expect(rig.machine.phase).toBe('online');
  });

  test('without the scope to probe, ticks are watched', () => {
    const rig = new Rig().send({ type: 'start' }).send({ type: 'challenged' });
    rig.send({ type: 'welcomed', probes: false, tickMs: 30_000 }).pass(59_000);
    expect(rig.machine.health).toBe('live');
    rig.pass(1000);
    expect(rig.machine.health).toBe('silent');
    rig.pass(4000);
    expect(rig.machine.phase).toBe('opening');
  });

  test('slow: a lost probe, or 95 % of the samples above 800 ms', () => {
    const rig = new Rig().online().pass(500);
    rig.send({ type: 'frame' }).pass(4000);
    expect(rig.machine.health).toBe('slow');
    rig.send({ type: 'answered', rttMs: 4000 });
    expect(rig.machine.health).toBe('slow');
    for (let samples = 0; samples < 21; samples += 1) rig.send({ type: 'answered', rttMs: 30 });
    expect(rig.machine.health).toBe('live');
  });

  test('figures', () => {
    expect(percentile([], 50)).toBe(0);
    expect(percentile([3, 1, 2], 50)).toBe(2);
    expect(percentile([1, 2, 3, 4, 100], 95)).toBe(100);
  });
});

test('access that was revoked is final', () => {
  const rig = new Rig().online();
  rig.lose(1008, 'device revoked').pass(600_000).send({ type: 'wake' });
  expect(rig.machine.phase).toBe('blocked');
  expect(rig.machine.failure?.code).toBe('DEVICE_REVOKED');
  expect(rig.take()).toEqual(['forget-token', 'close']);
  const changed = new Rig().online().lose(4001, 'gateway auth changed').pass(500);
  changed.send({ type: 'challenged' }).send(refused({ code: 'AUTH_DEVICE_TOKEN_MISMATCH', message: '', used: 'device' }));
  expect(changed.machine.failure?.code).toBe('DEVICE_REVOKED');
});

test('stopping stops', () => {
  const rig = new Rig().online().lose();
  rig.send({ type: 'stop' });
  rig.take();
  rig.pass(100_000).send({ type: 'wake' });
  expect(rig.take()).toEqual([]);
  expect(rig.machine.phase).toBe('idle');
});
