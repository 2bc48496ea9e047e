import { expect, test } from 'vitest';
import { joinLines } from './join';
import type { JoinFacts } from './join';

const facts: JoinFacts = {
  way: 'direct',
  start: 'now',
  name: '',
  host: 'gw.example',
  port: '443',
  tls: true,
  gatewayPort: 18789,
  gatewayTls: false,
  fingerprint: null,
  login: 'ann@gw.example',
  code: null,
};

test.each([
  [{}, 'openclaw node run --host gw.example --port 443 --tls'],
  [{ name: 'attic' }, 'openclaw node run --host gw.example --port 443 --tls --display-name attic'],
  [{ name: "Ann's box" }, "openclaw node run --host gw.example --port 443 --tls --display-name 'Ann'\\''s box'"],
  [{ tls: false, port: '18789' }, 'openclaw node run --host gw.example --port 18789'],
  [{ fingerprint: 'ab12' }, 'openclaw node run --host gw.example --port 443 --tls-fingerprint ab12'],
  [{ host: '[fd00::1]', tls: false }, 'openclaw node run --host fd00::1 --port 443'],
  [{ way: 'tunnel' as const }, 'openclaw node run --host 127.0.0.1 --port 18789'],
  [{ way: 'tunnel' as const, gatewayTls: true, fingerprint: 'ab12' }, 'openclaw node run --host 127.0.0.1 --port 18789 --tls-fingerprint ab12'],
  [{ code: 'CODE', name: 'attic' }, 'openclaw connect CODE --node --display-name attic'],
])('%j', (change, line) => {
  expect(joinLines({ ...facts, ...change }).node).toBe(line);
});

test('a tunnel has a line of its own', () => {
  expect(joinLines(facts).tunnel).toBeNull();
  expect(joinLines({ ...facts, way: 'tunnel' }).tunnel).toBe(
    'ssh -N -L 18789:127.0.0.1:18789 -o ExitOnForwardFailure=yes -o ServerAliveInterval=60 -o ServerAliveCountMax=3 ann@gw.example',
  );
});

test('a service starts the node again after every login', () => {
  const lines = joinLines({ ...facts, start: 'service', code: 'CODE', name: '100% "it"' });
  expect(lines.unit).toContain('ExecStart=/bin/sh -lc "exec openclaw node run --pair-if-needed CODE --display-name \'100%% \\"it\\"\'"');
  expect(lines.node).toContain('systemctl --user enable --now openclaw-node.service');
});
