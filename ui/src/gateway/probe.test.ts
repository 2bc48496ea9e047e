import { expect, test } from 'vitest';
import { mayOpen, socketAddress } from './probe';

test.each([
  ['192.168.7.10:18789', 'ws://192.168.7.10:18789/'],
  ['https://gw.tail1.ts.net/panel/#token=x', 'wss://gw.tail1.ts.net/panel/'],
  ['wss://claw.example.org', 'wss://claw.example.org/'],
  ['http://me:secret@[fd00::7]:18789/?token=a', 'ws://[fd00::7]:18789/'],
  ['ftp://a', null],
  ['http://', null],
  ['no address here', null],
  ['', null],
])('%s is %s', (text, url) => {
  expect(socketAddress(text)?.href ?? null).toBe(url);
});

test('pages of HTTPS open plain sockets to loopback only', () => {
  const may = (url: string, protocol: string) => mayOpen(new URL(url), protocol);
  expect(may('ws://192.168.7.10/', 'https:')).toBe(false);
  expect(may('ws://127.0.0.1:1/', 'https:')).toBe(true);
  expect(may('wss://192.168.7.10/', 'https:')).toBe(true);
  expect(may('ws://192.168.7.10/', 'http:')).toBe(true);
});
