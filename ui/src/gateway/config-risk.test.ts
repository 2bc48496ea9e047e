import { describe, expect, test } from 'vitest';
import { changes, put } from './config-edit';
import type { Json, JsonObject } from './config-edit';
import { dropped, effects, isRisky, opens } from './config-risk';
import type { Standing } from './config-risk';

const base: JsonObject = {
  gateway: { port: 18789, bind: 'lan', publicOrigin: 'https://claw.example', controlUi: { allowedOrigins: ['http://gw.test:18789'] }, tailscale: { mode: 'serve' } },
};

function standing(origin: string, via: string, paired = true): Standing {
  const url = new URL(origin);
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return { origin, hostname: url.hostname, port, basePath: '', gatewayPort: 18789, via, paired };
}

const LOCAL = standing('http://127.0.0.1:18789', 'loopback');
const TUNNEL = standing('http://127.0.0.1:9000', 'loopback');
const LAN = standing('http://192.168.7.10:18789', 'lan');
const NAME = standing('http://gw.test:18789', 'lan');
const TAILSCALE = standing('https://gw.tail1.ts.net', 'tailscale');
const PROXY = standing('https://claw.example', 'proxy');

describe('what happens to this browser', () => {
  const cases: readonly (readonly [string, Standing, string, Json | undefined, string])[] = [
    ['loopback is always open', LOCAL, 'gateway.bind', 'tailnet', ''],
    ['the network is closed', LAN, 'gateway.bind', 'loopback', 'cut bind'],
    ['auto takes loopback first', LAN, 'gateway.bind', 'auto', 'cut bind'],
    ['a tailnet is another network', LAN, 'gateway.bind', 'tailnet', 'cut bind'],
    ['tailnet and tailnet', standing('http://100.64.1.2:18789', 'tailnet'), 'gateway.bind', 'tailnet', ''],
    ['the address itself', LAN, 'gateway.bind', '192.168.7.10', ''],
    ['another address', LAN, 'gateway.bind', 'wg0', 'unsure custom-bind'],
    ['Serve ends on loopback', TAILSCALE, 'gateway.bind', 'loopback', ''],
    ['another port', LOCAL, 'gateway.port', 19000, 'moves port http://127.0.0.1:19000/'],
    ['another port behind a tunnel', TUNNEL, 'gateway.port', 19000, 'cut tunnel'],
    ['another port behind Serve', TAILSCALE, 'gateway.port', 19000, ''],
    ['another path', LAN, 'gateway.controlUi.basePath', '/panel', 'moves base-path http://192.168.7.10:18789/panel/'],
    ['no page any more', LOCAL, 'gateway.controlUi.enabled', false, 'cut ui-off'],
    ['the origin goes', NAME, 'gateway.controlUi.allowedOrigins', [], 'cut origin'],
    ['another origin comes', NAME, 'gateway.controlUi.allowedOrigins', ['http://gw.test:18789', 'https://b.example'], ''],
    ['addresses need no list', LAN, 'gateway.controlUi.allowedOrigins', [], ''],
    ['the public origin goes', PROXY, 'gateway.publicOrigin', undefined, 'cut origin'],
    ['TLS on, on the machine itself', LOCAL, 'gateway.tls.mode', 'self', ''],
    ['TLS on, from the network', LAN, 'gateway.tls.mode', 'self', 'moves https https://192.168.7.10:18789/'],
    ['Serve off', TAILSCALE, 'gateway.tailscale.mode', 'off', 'cut tailscale'],
    ['Serve off, seen from elsewhere', LOCAL, 'gateway.tailscale.mode', 'off', ''],
    ['the listener of the proxy', PROXY, 'gateway.proxy.listen', '127.0.0.1:1', 'cut proxy'],
    ['trusted proxies', PROXY, 'gateway.trustedProxies', [], 'unsure proxies'],
    ['a new token', LOCAL, 'gateway.auth.token', 'x', ''],
    ['a new token, not paired', { ...LOCAL, paired: false }, 'gateway.auth.token', 'x', 'sign-in secret'],
    ['no sign-in at all', LOCAL, 'gateway.auth.mode', 'none', 'unsure auth'],
  ];
  test.each(cases)('%s', (_, here, path, value, expected) => {
    const after = put(base, path.split('.'), value);
    const reasons = effects(base, after, changes(base, after), here);
    expect(reasons.map((reason) => [reason.kind, reason.why, 'to' in reason ? reason.to : ''].join(' ').trim()).join('; ')).toBe(expected);
  });
});

test.each<[string, JsonObject, JsonObject, string]>([
  ['to the network, not encrypted', {}, { bind: 'lan' }, 'bind'],
  ['to an address, not encrypted', { bind: 'auto' }, { bind: 'custom', customBindHost: '192.168.7.10' }, 'bind'],
  ['to an address of the machine itself', {}, { bind: 'custom', customBindHost: '127.0.0.1' }, ''],
  ['to the network, encrypted', {}, { bind: 'lan', tls: { mode: 'self' } }, ''],
  ['to the tailnet', {}, { bind: 'tailnet' }, ''],
  ['open before', { bind: 'lan' }, { bind: '192.168.7.10' }, ''],
  ['the certificate goes', { bind: 'lan', tls: { enabled: true } }, { bind: 'lan', tls: { enabled: false } }, 'bind'],
  ['closed again', { bind: 'lan', auth: { mode: 'none' } }, { bind: 'loopback', auth: { mode: 'token' } }, ''],
  ['no sign-in', { auth: { mode: 'token' } }, { auth: { mode: 'none' } }, 'auth'],
  ['every origin', { controlUi: { allowedOrigins: ['https://a.example'] } }, { controlUi: { allowedOrigins: ['https://a.example', '*'] } }, 'origins'],
  ['no keys of browsers', {}, { controlUi: { dangerouslyDisableDeviceAuth: true } }, 'device-auth'],
  ['the internet', { tailscale: { mode: 'serve' } }, { tailscale: { mode: 'funnel' } }, 'funnel'],
  ['all at once', {}, { bind: 'lan', auth: { mode: 'none' }, tailscale: { mode: 'funnel' } }, 'bind auth funnel'],
])('opens the gateway: %s', (_, before, after, expected) => {
  expect(opens({ gateway: before }, { gateway: after }).join(' ')).toBe(expected);
});

test.each([
  ['gateway.bind', true],
  ['gateway.auth.token', true],
  ['gateway', true],
  ['gateway.tls.certPath', true],
  ['gateway.auth.rateLimit.maxAttempts', false],
  ['gateway.reload.mode', false],
  ['logging.level', false],
])('%s is risky: %s', (path, risky) => {
  expect(isRisky(path)).toBe(risky);
});

test('clients that drop', () => {
  const client = (name: string, via: string, auth = 'device-token') => ({ name, via, auth, role: 'operator', you: false });
  const clients = [client('cli', 'control', 'token'), client('here', 'loopback'), client('phone', 'lan'), client('laptop', 'tailnet', 'token'), client('away', 'tailscale')];
  const names = (path: string, value: Json) => {
    const after = put(base, path.split('.'), value);
    return dropped(after, changes(base, after), clients).map(({ name }) => name);
  };
  expect(names('gateway.bind', 'loopback')).toEqual(['phone', 'laptop']);
  expect(names('gateway.bind', 'tailnet')).toEqual(['phone']);
  expect(names('gateway.port', 1)).toEqual(['here', 'phone', 'laptop']);
  expect(names('gateway.tailscale.mode', 'off')).toEqual(['away']);
  expect(names('gateway.auth.token', 'x')).toEqual(['laptop']);
  expect(names('logging.level', 'warn')).toEqual([]);
});
