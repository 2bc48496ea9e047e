import { expect, test } from 'vitest';
import { groupClients, readClients, readGateway, readPresence } from './clients';

const PRESENCE = [
  { host: 'vm', ip: '192.0.2.2', version: '1.0', platform: 'linux', mode: 'gateway', reason: 'self', ts: 1 },
  { host: 'attic', mode: 'node', reason: 'connect', ts: 5, deviceId: 'd1', roles: ['node'], instanceId: 'i1' },
  { host: 'gone', mode: 'cli', reason: 'disconnect', ts: 6, instanceId: 'i2' },
  { host: 'browser', mode: 'webchat', reason: 'connect', ts: 7, instanceId: 'me', scopes: ['operator.read'] },
];

test('presence lists who is here; the gateway stands apart', () => {
  const clients = readPresence({ presence: PRESENCE }, 'me');
  expect(clients.map(({ name, you }) => [name, you])).toEqual([
    ['attic', false],
    ['browser', true],
  ]);
  expect(readGateway(PRESENCE)).toEqual({ name: 'vm', version: '1.0', platform: 'linux', ip: '192.0.2.2' });
  expect(readGateway([])).toBeNull();
});

test('connections of one device stand together, this page first', () => {
  const clients = readClients({
    clients: [
      { connId: 'a', deviceId: 'd2', name: 'phone', connectedAtMs: 5, you: false },
      { connId: 'b', deviceId: 'd1', name: 'zoo', connectedAtMs: 9, you: false },
      { connId: 'c', deviceId: 'd1', name: 'zoo', connectedAtMs: 2, you: true },
      { connId: 'd', deviceId: null, name: 'cli', connectedAtMs: 3, you: false },
      { connId: 'e', deviceId: null, name: 'cli', connectedAtMs: 4, you: false },
    ],
  });
  expect(groupClients(clients).map(({ name, clients }) => [name, clients.map(({ connId }) => connId)])).toEqual([
    ['zoo', ['c', 'b']],
    ['cli', ['d']],
    ['cli', ['e']],
    ['phone', ['a']],
  ]);
  expect(readClients(null)).toEqual([]);
});
