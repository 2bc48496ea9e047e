import { expect, test } from 'vitest';
import { CERTIFICATES, NETWORKS, WAYS, commands, profileOf, proxyListener } from './commands';
import type { Facts, Way } from './commands';
import { PROXIES, proxyFile } from './proxy-files';

export const FACTS: Facts = {
  port: 18789,
  basePath: '',
  profile: '',
  loopbackOnly: true,
  sshTarget: 'user@gateway-host',
  localPort: 18789,
  tailnetUrl: 'https://gateway-host.tail1.ts.net',
  tailscalePort: 443,
  domain: 'claw.example.org',
  address: '192.168.7.10',
  subnet: '192.168.7.0/24',
  network: 'lan',
  certificate: 'proxy',
  proxy: 'nginx',
  proxyListen: null,
  tls: false,
};

function printed(way: Way, facts: Facts): string {
  return commands(way, facts)
    .map((step) => `== ${step.id} (${step.where})${step.file ? ` ${step.file}` : ''}\n${step.text}\n`)
    .join('\n');
}

test.each(WAYS)('U25 commands of %s', async (way) => {
  await expect(printed(way, FACTS)).toMatchFileSnapshot(`golden/${way}.txt`);
});

test('U25 another port, a base path, a profile, a moved near end', async () => {
  const facts: Facts = { ...FACTS, port: 28411, localPort: 19000, basePath: '/panel', profile: 'dev', loopbackOnly: false };
  await expect(printed('ssh', facts)).toMatchFileSnapshot('golden/ssh-other.txt');
  await expect(printed('serve', facts)).toMatchFileSnapshot('golden/serve-other.txt');
});

test.each(NETWORKS)('U25 bind %s', async (network) => {
  const address = network === 'tailnet' ? '100.64.1.42' : network === 'custom' ? 'fd00::7' : FACTS.address;
  await expect(printed('network', { ...FACTS, network, address, tls: network === 'custom' })).toMatchFileSnapshot(`golden/network-${network}.txt`);
});

test.each(CERTIFICATES)('U25 certificate %s', async (certificate) => {
  await expect(printed('https', { ...FACTS, certificate })).toMatchFileSnapshot(`golden/https-${certificate}.txt`);
});

test.each(PROXIES)('U25 file of %s', async (program) => {
  const { path, text } = proxyFile(program, { domain: FACTS.domain, upstream: '127.0.0.1:18790' });
  await expect(`${path}\n${text}`).toMatchFileSnapshot(`golden/proxy-${program}.txt`);
});

test('the listener of a proxy is never the port of the gateway', () => {
  expect(proxyListener({ ...FACTS, port: 18790 })).toBe('127.0.0.1:18791');
  expect(proxyListener({ ...FACTS, proxyListen: '127.0.0.1:9000' })).toBe('127.0.0.1:9000');
});

test.each([
  ['/home/me/.openclaw', ''],
  ['/home/me/.openclaw-dev', 'dev'],
  ['/srv/state', ''],
])('%s is of profile %j', (stateDir, profile) => {
  expect(profileOf(stateDir)).toBe(profile);
});
