import { describe, expect, test } from 'vitest';
import { levelOf, scopesOf } from './access-level';
import { displayName } from './client-info';
import { rowOf, redacted, ERROR_MAP } from './errors';
import { readFacts } from './facts';
import { isLoopback, normalize, partsOf, placeOfHost, sameGateway, warningsOf } from './gateway-address';
import { readHello } from './hello';
import { parseLaunch } from './launch';
import { proofPayload } from './proof';
import { parseSetupCode } from './setup-code';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const BOOTSTRAP = 'b'.repeat(32);

describe('what an address holds', () => {
  test.each([
    ['#token=abc', '', { credential: { token: 'abc' }, inQuery: false }],
    ['#token=a%2Bb%20c', '', { credential: { token: 'a+b c' } }],
    ['', '?token=abc&level=warn', { credential: { token: 'abc' }, inQuery: true }],
    ['#password=p', '', { credential: { password: 'p' } }],
    ['', '?password=p', { credential: { password: 'p' }, inQuery: true }],
    ['#token=new', '?token=old', { credential: { token: 'new' }, inQuery: true }],
    [`#bootstrapToken=${BOOTSTRAP}&bootstrapProfile=owner&gatewayUrl=ws%3A%2F%2F127.0.0.1%3A18789`, '', { credential: { bootstrapToken: BOOTSTRAP }, gatewayUrl: 'ws://127.0.0.1:18789' }],
    ['', '?gatewayUrl=wss://gw.example/panel/', { credential: null, gatewayUrl: 'wss://gw.example/panel' }],
    ['', '?gatewayUrl=javascript:alert(1)', { gatewayUrl: null, badGatewayUrl: 'javascript:alert(1)' }],
    ['', '?access=view', { access: 'view' }],
    ['', '?access=root', { access: null }],
    ['', '?safe=1', { safe: true }],
    ['', '?session=main&onboarding=1', { credential: null, gatewayUrl: null, safe: false }],
    ['#token=', '', { credential: null }],
    [`#${encode({ url: 'wss://gw.example', bootstrapToken: BOOTSTRAP })}`, '', { credential: { bootstrapToken: BOOTSTRAP }, gatewayUrl: 'wss://gw.example' }],
  ])('%s %s', (hash, search, expected) => {
    expect(parseLaunch(hash, search)).toMatchObject(expected);
  });
});

describe('setup codes', () => {
  const good = { url: 'ws://10.0.0.2:18789', bootstrapToken: BOOTSTRAP, urls: ['wss://gw.example', 'ws://10.0.0.2:18789'], expiresAtMs: 5 };
  test('both forms, wrapped', () => {
    const code = encode(good);
    const expected = { urls: ['wss://gw.example', 'ws://10.0.0.2:18789'], bootstrapToken: BOOTSTRAP, expiresAtMs: 5 };
    expect(parseSetupCode(code)).toEqual(expected);
    expect(parseSetupCode(`OC-PAIR://${code.slice(0, 30)}\n ${code.slice(30)}==`)).toEqual(expected);
  });
  test.each([
    ['a token', 'e2e-token-0123456789abcdef0123456789abcdef'],
    ['a web token', `eyJhbGciOiJIUzI1NiJ9.${'x'.repeat(20)}`],
    ['no address', encode({ bootstrapToken: BOOTSTRAP })],
    ['a script for an address', encode({ ...good, url: 'javascript:1', urls: [] })],
    ['a short token', encode({ ...good, bootstrapToken: 'x' })],
    ['nothing', ''],
    ['far too much', 'e'.repeat(20_000)],
  ])('%s is none', (_, text) => expect(parseSetupCode(text)).toBeNull());
});

describe('addresses', () => {
  test.each([
    ['gateway.example', 'wss://gateway.example'],
    ['gateway.example:18789', 'ws://gateway.example:18789'],
    ['gateway.example:8443', 'wss://gateway.example:8443'],
    ['127.0.0.1:18789', 'ws://127.0.0.1:18789'],
    ['localhost', 'ws://localhost'],
    [' http://10.0.0.2:18789/ ', 'ws://10.0.0.2:18789'],
    ['https://gw.example/panel/', 'wss://gw.example/panel'],
    ['[::1]:18789', 'ws://[::1]:18789'],
    ['ftp://gw.example', null],
    ['wss://user:pass@gw.example', null],
    ['two words', null],
    ['', null],
  ])('%s', (typed, expected) => expect(normalize(typed)).toBe(expected));

  test('loopback has several names, and a bare address means any path', () => {
    expect(sameGateway('ws://127.0.0.1:18789', 'ws://localhost:18789/panel')).toBe(true);
    expect(sameGateway('ws://127.0.0.1:18789', 'ws://[::1]:18789')).toBe(true);
    expect(sameGateway('ws://127.0.0.1:18789', 'ws://127.0.0.1:18790')).toBe(false);
    expect(sameGateway('wss://gw.example/a', 'wss://gw.example/b')).toBe(false);
    expect(sameGateway('ws://gw.example', 'wss://gw.example')).toBe(false);
  });

  test('places', () => {
    expect(['127.0.0.2', 'localhost', '[::1]'].every(isLoopback)).toBe(true);
    expect(isLoopback('127.example.com')).toBe(false);
    expect(placeOfHost('box.tail1.ts.net')).toBe('tailnet');
    expect(placeOfHost('100.100.1.1')).toBe('tailnet');
    expect(placeOfHost('192.168.1.5')).toBe('network');
    expect(placeOfHost('attic.local')).toBe('network');
    expect(placeOfHost('gw.example.com')).toBe('public');
    expect(partsOf('wss://gw.example/panel')).toMatchObject({ shown: 'gw.example/panel', port: '443', encrypted: true, page: 'https://gw.example/panel/' });
  });

  test('warnings', () => {
    expect(warningsOf('ws://gw.example:18789', false)).toEqual({ unencrypted: true, lookalike: false, mixed: false });
    expect(warningsOf('ws://gw.example:18789', true)).toMatchObject({ mixed: true });
    expect(warningsOf('ws://127.0.0.1:18789', true)).toEqual({ unencrypted: false, lookalike: false, mixed: false });
    expect(warningsOf('wss://xn--pypal-4ve.example', true)).toEqual({ unencrypted: false, lookalike: true, mixed: false });
  });
});

describe('the error map', () => {
  test.each([
    ['AUTH_TOKEN_MISSING', '', 'E1', 'signIn', 'waits'],
    ['INVALID_REQUEST', 'unauthorized: gateway token missing (open a tokenized dashboard URL or paste token in Control UI settings)', 'E1', 'signIn', 'waits'],
    ['AUTH_TOKEN_MISMATCH', '', 'E2', 'notAccepted', 'waits'],
    ['AUTH_DEVICE_TOKEN_MISMATCH', '', 'E2', 'notAccepted', 'waits'],
    ['INVALID_REQUEST', 'unauthorized: gateway token mismatch (open a tokenized dashboard URL or paste token in Control UI settings)', 'E2', 'notAccepted', 'waits'],
    ['INVALID_REQUEST', 'unauthorized: gateway password missing (enter the password in Control UI settings)', 'E3', 'passwordNeeded', 'waits'],
    ['INVALID_REQUEST', 'unauthorized: gateway password mismatch (enter the password in Control UI settings)', 'E3', 'passwordNotAccepted', 'waits'],
    ['NOT_PAIRED', 'pairing required', 'E4', 'pairing', 'pairs'],
    ['PAIRING_REQUIRED', 'pairing required: device is not approved yet', 'E4', 'pairing', 'pairs'],
    ['INVALID_REQUEST', 'control ui requires HTTPS or localhost (secure context)', 'E5', 'noIdentity', 'waits'],
    ['NOT_PAIRED', 'device identity required', 'E5', 'noIdentity', 'waits'],
    ['UNENCRYPTED', '', 'E6', 'unencrypted', 'waits'],
    ['INVALID_REQUEST', 'origin not allowed (open the Control UI from the gateway host)', 'E7', 'origin', 'waits'],
    ['INVALID_REQUEST', 'protocol mismatch', 'E8', 'versions', 'waits'],
    ['INVALID_REQUEST', 'device signature expired', 'E9', 'clock', 'waits'],
    ['DEVICE_AUTH_SIGNATURE_EXPIRED', '', 'E9', 'clock', 'waits'],
    ['INVALID_REQUEST', 'device nonce mismatch', 'E10', 'key', 'waits'],
    ['INVALID_REQUEST', 'device identity mismatch', 'E10', 'key', 'waits'],
    ['DEVICE_AUTH_SIGNATURE_INVALID', '', 'E10', 'key', 'waits'],
    ['INVALID_REQUEST', 'unauthorized: tailscale identity missing (use Tailscale Serve auth or gateway token/password)', 'E11', 'identity', 'waits'],
    ['AUTH_IDENTITY_HEADER_REQUIRED', '', 'E11', 'identity', 'waits'],
    ['AUTH_RATE_LIMITED', '', 'E12', 'rateLimited', 'retries'],
    ['RESTARTING', '', 'E13', 'restarting', 'retries'],
    ['NEVER_OPENED', '', 'E14', 'unreachable', 'retries'],
    ['CLOSED', '', 'E16', 'lost', 'retries'],
    ['MIXED_CONTENT', '', 'E17', 'mixedContent', 'waits'],
    ['SLOW_CONSUMER', '', 'E18', 'slowConsumer', 'retries'],
    ['UNAVAILABLE', 'gateway stopping; retry shortly', 'E21', 'busy', 'retries'],
    ['MOON_PHASE', 'x', 'E21', 'unknown', 'gives-up'],
  ])('%s %s', (code, message, row, problem, way) => {
    expect(rowOf({ code, message })).toMatchObject({ row, problem, way });
  });

  test('close codes decide last', () => {
    expect(rowOf({ code: '', message: '', closeCode: 1012 }).row).toBe('E13');
    expect(rowOf({ code: '', message: '', closeCode: 1002 }).row).toBe('E8');
    expect(rowOf({ code: 'AUTH_TOKEN_MISSING', message: '', closeCode: 1012 }).row).toBe('E1');
    expect(rowOf({ code: 'NEVER_OPENED', message: '', http: 'answers' }).row).toBe('E15');
  });

  test('every row of the design has one here; E19 and E20 are shown where the call was made', () => {
    const rows = new Set(ERROR_MAP.map(({ row }) => row));
    const missing = Array.from({ length: 21 }, (_, index) => `E${index + 1}`).filter((row) => !rows.has(row));
    expect(missing).toEqual(['E19', 'E20']);
  });

  test('no secrets in what is shown', () => {
    expect(redacted({ token: 'a', device: { signature: 'b', id: 'c' }, list: [{ password: 'd' }], canRetryWithDeviceToken: true, code: 'AUTH_TOKEN_MISSING' })).toEqual({
      token: '[redacted]',
      device: { signature: '[redacted]', id: 'c' },
      list: [{ password: '[redacted]' }],
      canRetryWithDeviceToken: true,
      code: 'AUTH_TOKEN_MISSING',
    });
  });
});

test('what is signed', () => {
  const claim = {
    deviceId: 'id',
    clientId: 'openclaw-control-ui',
    clientMode: 'webchat',
    role: 'operator',
    scopes: ['operator.read', 'operator.pairing'],
    signedAt: 12,
    token: 't',
    nonce: 'n',
    platform: ' Linux x86_64',
  };
  expect(proofPayload(2, claim)).toBe('v2|id|openclaw-control-ui|webchat|operator|operator.read,operator.pairing|12|t|n');
  expect(proofPayload(3, claim)).toBe('v3|id|openclaw-control-ui|webchat|operator|operator.read,operator.pairing|12|t|n|linux x86_64|');
});

test('what the gateway says of itself', () => {
  expect(readFacts({ version: '1', auth: { modes: ['password', 'tailscale', 'x'] }, tls: { port: 443 } })).toEqual({ version: '1', name: null, modes: ['password', 'tailscale'], httpsPort: 443 });
  expect(readFacts({ serverVersion: '2026.1.30' })).toEqual({ version: '2026.1.30', name: null, modes: [], httpsPort: null });
  expect(readFacts('<html>')).toBeNull();
  expect(readHello({ type: 'hello-ok' })).toBeNull();
  expect(readHello({ protocol: 3, server: { version: '1' } })).toMatchObject({ features: { methods: [] }, policy: { tickIntervalMs: 30_000 } });
});

test('access levels', () => {
  expect(scopesOf('view')).toEqual(['operator.read']);
  expect(levelOf(['operator.admin'])).toBe('full');
  expect(levelOf(['operator.read', 'operator.pairing'])).toBe('approve');
  expect(levelOf(['operator.read'])).toBe('view');
  expect(levelOf([])).toBeNull();
});

test('names of browsers', () => {
  expect(displayName('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36')).toBe('Chromium on Linux');
  expect(displayName('Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0')).toBe('Firefox on Linux');
  expect(displayName('Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1')).toBe('Safari on iPhone');
  expect(displayName('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0')).toBe('Edge on Windows');
  expect(displayName('Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36')).toBe('Chrome on Android');
});
