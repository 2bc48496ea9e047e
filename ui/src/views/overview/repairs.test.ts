import { expect, test } from 'vitest';
import { isLoopback, readRemote, shareable } from '../../gateway/remote';
import { fixOf } from './repairs';

test.each([
  ['gateway.token_too_short', null, { kind: 'view', path: '/access' }],
  ['gateway.lan_without_tls', 'openclaw config set gateway.tls.mode self', { kind: 'view', path: '/access?way=https' }],
  ['gateway.control_ui.origins_wildcard', null, { kind: 'view', path: '/config?q=gateway.controlUi' }],
  ['fs.config.perms_world_readable', 'chmod 600 /home/a/.openclaw/openclaw.json', { kind: 'command', command: 'chmod 600 /home/a/.openclaw/openclaw.json' }],
  ['fs.synced_dir', 'move the folder, then start again', { kind: 'words', words: 'move the folder, then start again' }],
  ['gateway.trusted_proxies_missing', 'openclaw gateway proxy-check', { kind: 'view', path: '/config?q=gateway.trustedProxies' }],
  ['something.new', null, null],
])('%s is mended there', (id, fix, expected) => {
  expect(fixOf({ id, fix })).toEqual(expected);
});

test('findings come worst first, and the summary is none', () => {
  const found = (id: string, severity: string) => ({ id, severity, title: id, params: { detail: 'd', fix: null } });
  const status = readRemote({ ts: 5000, findings: [found('a', 'info'), found('summary.attack_surface', 'info'), found('b', 'critical'), found('c', 'warn')] }, 4000);
  expect(status.findings.map(({ id }) => id)).toEqual(['b', 'c', 'a']);
  expect(status.skewMs).toBe(1000);
  expect(readRemote(null, 0)).toMatchObject({ findings: [], listen: [], tailscale: { mode: 'off', url: null, part: null } });
});

test.each([
  ['127.0.0.1:18789', true],
  ['[::1]:18789', true],
  ['localhost:1', true],
  ['192.168.1.2:18789', false],
  ['localhost.example:1', false],
])('%s is loopback: %s', (address, is) => {
  expect(isLoopback(address)).toBe(is);
});

test('the address for a phone', () => {
  const local = { origin: 'http://127.0.0.1:1', host: '127.0.0.1:1' };
  const named = { origin: 'http://gw.test:1', host: 'gw.test:1' };
  const tailscale = readRemote({ tailscale: { url: 'https://gw.tail.ts.net' } }, 0);
  expect(shareable(null, local, '')).toBeNull();
  expect(shareable(null, named, '/panel')).toBe('http://gw.test:1/panel/');
  expect(shareable(tailscale, local, '')).toBe('https://gw.tail.ts.net/');
});
