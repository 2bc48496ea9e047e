import { describe, expect, test } from 'vitest';
import type { Standing } from '../../gateway/config-risk';
import type { RemoteStatus } from '../config/data';
import { lines } from './check';
import { factsOf, guessedStatus, hops, newToken, patchFor, shareable, standings, strengthOf } from './reach';

const STATUS: RemoteStatus = {
  ts: 0,
  host: 'attic',
  bind: 'loopback',
  bindSource: 'default',
  listen: ['127.0.0.1:18789', '[::1]:18789'],
  port: 18789,
  basePath: '',
  tls: { on: false, mode: 'off', fingerprintSha256: null, notAfter: null, selfMade: false },
  tailscale: { mode: 'off', port: 443, url: null, name: null, state: { state: 'off' } },
  auth: { mode: 'token', allowTailscale: false, source: 'config gateway.auth.token', tokenBits: 256 },
  publicOrigin: null,
  trustedProxies: [],
  stateDir: '/home/me/.openclaw',
  addresses: null,
  pendingConfirm: null,
  subsystems: { listeners: { state: 'up', detail: '' }, proxy: { state: 'off' }, tls: { state: 'off' } },
  you: { ip: null, local: true, secure: true, via: 'loopback' },
};
const HERE: Standing = { origin: 'http://127.0.0.1:18789', hostname: '127.0.0.1', port: 18789, basePath: '', gatewayPort: 18789, via: 'loopback', paired: true };
const LAN: Standing = { ...HERE, origin: 'http://192.168.7.10:18789', hostname: '192.168.7.10', via: 'lan' };
const LAN_STATUS: RemoteStatus = { ...STATUS, bind: 'lan', listen: ['0.0.0.0:18789', '[::]:18789'] };
const SERVE: Standing = { ...HERE, origin: 'https://attic.tail1.ts.net', hostname: 'attic.tail1.ts.net', port: 443, via: 'tailscale' };
const SERVE_STATUS: RemoteStatus = { ...STATUS, tailscale: { mode: 'serve', port: 443, url: 'https://attic.tail1.ts.net', name: 'attic.tail1.ts.net', state: { state: 'up', detail: '' } } };
const CHOICE = { network: 'lan', certificate: 'proxy', proxy: 'nginx' } as const;
const NOTHING = { sshTarget: '', localPort: '', domain: '', address: '' };

describe('the path of this browser', () => {
  const path = (here: Standing, status: RemoteStatus) => hops(here, status).map(({ kind, state, tone }) => `${kind} ${state} ${tone}`);
  test('on the same machine', () => expect(path(HERE, STATUS)).toEqual(['browser here ok', 'local inside ok', 'gateway up ok']));
  test('through a tunnel', () => expect(path({ ...HERE, port: 9000 }, STATUS)[1]).toBe('tunnel inside ok'));
  test('over a network in the clear', () => expect(path(LAN, LAN_STATUS)[1]).toBe('network plain bad'));
  test('through Tailscale', () => expect(path(SERVE, SERVE_STATUS)).toEqual(['browser here ok', 'network encrypted ok', 'tailscale up ok', 'gateway up ok']));
  test('through a proxy', () => {
    const here = { ...HERE, origin: 'https://claw.example', hostname: 'claw.example', port: 443, via: 'proxy' };
    expect(path(here, STATUS)).toEqual(['browser here ok', 'network encrypted ok', 'proxy up ok', 'gateway up ok']);
  });
  test('with a listener in trouble', () => {
    const status = { ...STATUS, subsystems: { listeners: { state: 'degraded', reason: 'port taken', fix: '' } as const } };
    expect(path(HERE, status).at(-1)).toBe('gateway trouble bad');
  });
});

test('which ways are in use', () => {
  const active = (status: RemoteStatus, here: Standing, config = {}) =>
    Object.entries(standings(status, here, config))
      .filter(([, { active }]) => active)
      .map(([way]) => way);
  expect(active(STATUS, HERE)).toEqual(['local']);
  expect(active(STATUS, { ...HERE, port: 9000 })).toEqual(['ssh']);
  expect(active(LAN_STATUS, LAN)).toEqual(['network']);
  expect(active({ ...LAN_STATUS, tls: { ...STATUS.tls, on: true } }, LAN)).toEqual(['https', 'network']);
  expect(active(SERVE_STATUS, SERVE)).toEqual(['serve']);
  expect(active(STATUS, HERE, { gateway: { proxy: { listen: '127.0.0.1:18790' } } })).toEqual(['https']);
});

test('facts take what was typed, unless it would break a command', () => {
  const facts = (typed: Partial<typeof NOTHING>) => factsOf(LAN_STATUS, LAN, {}, { ...NOTHING, ...typed }, CHOICE);
  expect(facts({})).toMatchObject({ sshTarget: 'user@192.168.7.10', address: '192.168.7.10', subnet: '192.168.7.0/24', localPort: 18789, domain: 'claw.example.org', loopbackOnly: false });
  expect(facts({ sshTarget: ' me@attic ', localPort: '9000', domain: 'gw.example' })).toMatchObject({ sshTarget: 'me@attic', localPort: 9000, domain: 'gw.example' });
  expect(facts({ sshTarget: 'x; rm -rf /', localPort: '99999999' })).toMatchObject({ sshTarget: 'user@192.168.7.10', localPort: 18789 });
});

test('what can be set from here', () => {
  const facts = factsOf(LAN_STATUS, LAN, {}, NOTHING, CHOICE);
  expect(patchFor('ssh', facts, {})).toEqual({ gateway: { bind: 'loopback' } });
  expect(patchFor('ssh', { ...facts, loopbackOnly: true }, {})).toEqual({ gateway: {} });
  expect(patchFor('network', { ...facts, network: 'tailnet' }, {})).toEqual({ gateway: { bind: 'tailnet' } });
  expect(patchFor('serve', facts, {})).toEqual({ gateway: { bind: 'loopback', tailscale: { mode: 'serve' }, auth: { allowTailscale: true } } });
  expect(patchFor('funnel', facts, {})).toBeNull();
});

test('addresses to share', () => {
  expect(shareable(STATUS, HERE)).toEqual([]);
  expect(shareable(LAN_STATUS, LAN)).toEqual(['http://192.168.7.10:18789/']);
  const surveyed: RemoteStatus = {
    ...STATUS,
    addresses: { endpoints: [{ url: 'wss://claw.example/panel', source: 'public-origin', proven: true }, { url: 'ws://127.0.0.1:18789', source: 'loopback', proven: true }], unreachable: [] },
  };
  expect(shareable(surveyed, { ...HERE, basePath: '/panel' })).toEqual(['https://claw.example/panel/']);
});

test('tokens', () => {
  expect([null, 64, 100, 256].map(strengthOf)).toEqual(['none', 'weak', 'fair', 'strong']);
  expect(newToken((bytes) => bytes.fill(10))).toBe('0a'.repeat(32));
});

test('a check in words', () => {
  const probe = { url: 'wss://gw.example/', allowed: true, reached: true, gateway: true, same: true, arrival: { secure: true, hostOk: true, hostFix: null, local: false }, ms: 12 };
  const tones = (change: Partial<typeof probe> | { same: boolean | null }) => lines({ ...probe, ...change }, 'token').map(({ tone }) => tone).join(' ');
  expect(tones({})).toBe('ok ok ok info');
  expect(tones({ url: 'ws://192.168.7.10:1/' })).toBe('ok bad ok info');
  expect(tones({ same: false })).toBe('ok ok bad');
  expect(tones({ same: null })).toBe('ok ok info info');
  expect(tones({ gateway: false })).toBe('ok ok bad');
  expect(tones({ reached: false })).toBe('bad info');
  expect(tones({ allowed: false })).toBe('info');
});

test('an older gateway is guessed from its config', () => {
  const status = guessedStatus({ gateway: { bind: 'lan', port: 19000, auth: { token: 'x' } } }, { hostname: '192.168.7.10', port: 19000, basePath: '' }, '/home/me/.openclaw-dev/openclaw.json');
  expect(status).toMatchObject({ bind: 'lan', port: 19000, host: '192.168.7.10', stateDir: '/home/me/.openclaw-dev', you: { via: 'lan' } });
  expect(Object.values(standings(status, LAN, {})).filter(({ active }) => active)).toHaveLength(1);
});
