// The exact commands and files that open a way in. Values in, text out; nothing here is translated.

import { proxyFile } from './proxy-files';
import type { ProxyProgram } from './proxy-files';

/** Ways to reach a gateway, the most closed first. */
export const WAYS = ['local', 'ssh', 'serve', 'https', 'network', 'funnel'] as const;
export type Way = (typeof WAYS)[number];

export const NETWORKS = ['lan', 'tailnet', 'custom'] as const;
export type NetworkVariant = (typeof NETWORKS)[number];
export const CERTIFICATES = ['self', 'files', 'acme', 'proxy'] as const;
export type CertificateVariant = (typeof CERTIFICATES)[number];

/** What the commands must hold. */
export interface Facts {
  /** Port of the gateway. */
  readonly port: number;
  /** Path of the Control UI: empty, or `/panel`. */
  readonly basePath: string;
  /** Profile of the gateway; empty for the default one. */
  readonly profile: string;
  /** Whether the gateway listens on loopback only. */
  readonly loopbackOnly: boolean;
  /** `user@host` of the gateway's machine, as SSH reaches it. */
  readonly sshTarget: string;
  /** Port of the near end of a tunnel. */
  readonly localPort: number;
  /** `https://gw.tail1.ts.net`, or the form of it while it is not known. */
  readonly tailnetUrl: string;
  /** HTTPS port of the Tailscale route. */
  readonly tailscalePort: number;
  /** Name that people use from outside. */
  readonly domain: string;
  /** Address of the gateway's machine in the network. */
  readonly address: string;
  /** Range that a firewall lets in. */
  readonly subnet: string;
  readonly network: NetworkVariant;
  readonly certificate: CertificateVariant;
  readonly proxy: ProxyProgram;
  /** Where the gateway takes the proxy's connections; `null` until it is set. */
  readonly proxyListen: string | null;
  /** Whether the gateway itself serves TLS. */
  readonly tls: boolean;
}

export type Where = 'gateway' | 'other' | 'proxy';

export type StepId =
  | 'up'
  | 'openHere'
  | 'keepLoopback'
  | 'tunnel'
  | 'tunnelManaged'
  | 'tunnelService'
  | 'tunnelUnit'
  | 'tunnelUnitStart'
  | 'remoteMode'
  | 'checkRemote'
  | 'serve'
  | 'serveConfig'
  | 'serveCheck'
  | 'probe'
  | 'funnelPassword'
  | 'funnel'
  | 'funnelConfig'
  | 'tlsSelf'
  | 'tlsFingerprint'
  | 'tlsPin'
  | 'tlsFiles'
  | 'tlsAcme'
  | 'proxyGateway'
  | 'proxyFile'
  | 'proxyCheck'
  | 'bind'
  | 'bindFlag'
  | 'bindAddress'
  | 'tailnetAddress'
  | 'firewall'
  | 'firewallIptables'
  | 'undo';

export interface Step {
  readonly id: StepId;
  readonly where: Where;
  /** File that the text goes into; otherwise it is for a shell. */
  readonly file?: string;
  readonly text: string;
}

const KEEP_ALIVE = '-o ServerAliveInterval=60 -o ServerAliveCountMax=3';

/** The command that opens a tunnel by hand. */
export function sshCommand({ localPort, port, sshTarget }: Facts): string {
  return `ssh -N -L ${localPort}:127.0.0.1:${port} ${KEEP_ALIVE} ${sshTarget}`;
}

/** Unit that keeps a tunnel open. */
export function tunnelUnit({ localPort, port, sshTarget }: Facts): string {
  return `[Unit]
Description=OpenClaw SSH Tunnel
After=network.target

[Service]
Type=simple
ExecStart=/usr/bin/ssh -N -L ${localPort}:127.0.0.1:${port} -o ExitOnForwardFailure=yes ${KEEP_ALIVE} ${sshTarget}
Restart=always
RestartSec=10

[Install]
WantedBy=default.target
`;
}

/** Everything that opens a way, in order, and how to close it again. */
export function commands(way: Way, facts: Facts): readonly Step[] {
  const steps = STEPS[way](facts);
  return [...steps, { id: 'undo', where: undoWhere(way), text: undo(way, facts) }];
}

/** `openclaw …` on the gateway's machine. */
function here({ profile }: Facts, ...lines: readonly string[]): string {
  const program = profile === '' ? 'openclaw' : `openclaw --profile ${profile}`;
  return lines.map((line) => `${program} ${line}`).join('\n');
}

/** `openclaw …` on the other machine, whose profile is not the gateway's business. */
function there(...lines: readonly string[]): string {
  return lines.map((line) => `openclaw ${line}`).join('\n');
}

function remoteMode(url: string): Step {
  return {
    id: 'remoteMode',
    where: 'other',
    text: there('config set gateway.mode remote', `config set gateway.remote.url ${url}`, 'config set gateway.remote.token <token>'),
  };
}

const CHECK_REMOTE: Step = { id: 'checkRemote', where: 'other', text: 'openclaw doctor --remote' };

const STEPS: Readonly<Record<Way, (facts: Facts) => readonly Step[]>> = {
  local: (facts) => [
    { id: 'up', where: 'gateway', text: here(facts, 'up') },
    ...keepLoopback(facts),
    { id: 'openHere', where: 'gateway', text: `http://127.0.0.1:${facts.port}${facts.basePath}/` },
  ],
  ssh: (facts) => {
    const ports = [facts.localPort === facts.port ? '' : ` --local-port ${facts.localPort}`, facts.port === 18789 ? '' : ` --remote-port ${facts.port}`].join('');
    return [
      ...keepLoopback(facts),
      { id: 'tunnel', where: 'other', text: sshCommand(facts) },
      { id: 'openHere', where: 'other', text: `http://127.0.0.1:${facts.localPort}${facts.basePath}/` },
      remoteMode(`ws://127.0.0.1:${facts.localPort}`),
      CHECK_REMOTE,
      { id: 'tunnelManaged', where: 'other', text: there(`tunnel up ${facts.sshTarget}${ports}`, 'tunnel status') },
      { id: 'tunnelService', where: 'other', text: there(`tunnel install ${facts.sshTarget}${ports}`) },
      { id: 'tunnelUnit', where: 'other', file: '~/.config/systemd/user/openclaw-tunnel.service', text: tunnelUnit(facts) },
      {
        id: 'tunnelUnitStart',
        where: 'other',
        text: 'systemctl --user daemon-reload\nsystemctl --user enable openclaw-tunnel.service\nsystemctl --user start openclaw-tunnel.service',
      },
    ];
  },
  serve: (facts) => [
    { id: 'serve', where: 'gateway', text: here(facts, `gateway --bind loopback --tailscale serve${portFlag(facts)}`) },
    {
      id: 'serveConfig',
      where: 'gateway',
      text: here(facts, 'config set gateway.bind loopback', 'config set gateway.tailscale.mode serve', 'config set gateway.auth.allowTailscale true'),
    },
    { id: 'serveCheck', where: 'gateway', text: `tailscale status\ntailscale serve status\n${here(facts, 'gateway status')}` },
    { id: 'openHere', where: 'other', text: `${facts.tailnetUrl}${facts.basePath}/` },
    { id: 'probe', where: 'other', text: there(`gateway probe --url ${socketUrl(facts.tailnetUrl)}`) },
  ],
  funnel: (facts) => [
    { id: 'funnelPassword', where: 'gateway', text: here(facts, 'config set gateway.auth.mode password', 'config set gateway.auth.password <a-long-password>') },
    { id: 'funnel', where: 'gateway', text: here(facts, `gateway --bind loopback --tailscale funnel${portFlag(facts)}`) },
    { id: 'funnelConfig', where: 'gateway', text: here(facts, 'config set gateway.bind loopback', 'config set gateway.tailscale.mode funnel') },
    { id: 'openHere', where: 'other', text: `${facts.tailnetUrl}${facts.basePath}/` },
    { id: 'probe', where: 'other', text: there(`gateway probe --url ${socketUrl(facts.tailnetUrl)}`) },
  ],
  https: (facts) => CERTIFICATE_STEPS[facts.certificate](facts),
  network: (facts) => {
    const scheme = facts.tls ? 'wss' : 'ws';
    const bind = facts.network === 'custom' ? facts.address : facts.network;
    const url = `${scheme}://${host(facts.address)}:${facts.port}`;
    return [
      { id: 'bind', where: 'gateway', text: here(facts, `config set gateway.bind ${bind}`) },
      { id: 'bindFlag', where: 'gateway', text: here(facts, `gateway --bind ${bind} --token <token>${portFlag(facts)}`) },
      ...(facts.network === 'tailnet' ? [{ id: 'tailnetAddress', where: 'gateway', text: 'tailscale ip -4' } as const] : []),
      { id: 'bindAddress', where: 'gateway', text: here(facts, 'gateway status') },
      ...(facts.network === 'tailnet' ? [] : firewall(facts)),
      { id: 'openHere', where: 'other', text: `${facts.tls ? 'https' : 'http'}://${host(facts.address)}:${facts.port}${facts.basePath}/` },
      remoteMode(url),
      CHECK_REMOTE,
    ];
  },
};

const CERTIFICATE_STEPS: Readonly<Record<CertificateVariant, (facts: Facts) => readonly Step[]>> = {
  self: (facts) => [
    { id: 'tlsSelf', where: 'gateway', text: here(facts, 'config set gateway.tls.mode self') },
    { id: 'tlsFingerprint', where: 'gateway', text: here(facts, 'gateway status') },
    { id: 'tlsPin', where: 'other', text: there(`config set gateway.remote.url wss://${host(facts.address)}:${facts.port}`, 'config set gateway.remote.tlsFingerprint <fingerprint>') },
    CHECK_REMOTE,
  ],
  files: (facts) => [
    {
      id: 'tlsFiles',
      where: 'gateway',
      text: here(
        facts,
        `config set gateway.tls.certPath /etc/ssl/openclaw/${facts.domain}.certificate.pem`,
        `config set gateway.tls.keyPath /etc/ssl/openclaw/${facts.domain}.key.pem`,
        'config set gateway.tls.mode files',
        `config set gateway.publicOrigin https://${facts.domain}:${facts.port}`,
      ),
    },
    ...firewall(facts),
    { id: 'openHere', where: 'other', text: `https://${facts.domain}:${facts.port}${facts.basePath}/` },
    remoteMode(`wss://${facts.domain}:${facts.port}`),
    CHECK_REMOTE,
  ],
  acme: (facts) => [
    { id: 'tlsAcme', where: 'gateway', text: here(facts, `gateway run --bind lan --tls acme --domain ${facts.domain} --acme-agree-terms${portFlag(facts)}`) },
    { id: 'openHere', where: 'other', text: `https://${facts.domain}:${facts.port}${facts.basePath}/` },
    remoteMode(`wss://${facts.domain}:${facts.port}`),
    CHECK_REMOTE,
  ],
  proxy: (facts) => {
    const listen = proxyListener(facts);
    const file = proxyFile(facts.proxy, { domain: facts.domain, upstream: listen });
    return [
      {
        id: 'proxyGateway',
        where: 'gateway',
        text: here(facts, `config set gateway.publicOrigin https://${facts.domain}`, ...(facts.proxyListen === listen ? [] : [`config set gateway.proxy.listen ${listen}`])),
      },
      { id: 'proxyFile', where: 'proxy', file: file.path, text: file.text },
      { id: 'proxyCheck', where: 'gateway', text: here(facts, `gateway proxy-check --url https://${facts.domain}`) },
      { id: 'openHere', where: 'other', text: `https://${facts.domain}${facts.basePath}/` },
      remoteMode(`wss://${facts.domain}`),
      CHECK_REMOTE,
    ];
  },
};

/** The listener for the proxy: the one that is set, else the port above the gateway's own. */
export function proxyListener({ proxyListen, port }: Facts): string {
  return proxyListen ?? `127.0.0.1:${port === 18790 ? 18791 : 18790}`;
}

function keepLoopback(facts: Facts): readonly Step[] {
  return facts.loopbackOnly ? [] : [{ id: 'keepLoopback', where: 'gateway', text: here(facts, 'config set gateway.bind loopback') }];
}

function firewall({ port, subnet }: Facts): readonly Step[] {
  return [
    { id: 'firewall', where: 'gateway', text: `sudo ufw allow from ${subnet} to any port ${port} proto tcp` },
    {
      id: 'firewallIptables',
      where: 'gateway',
      text: `sudo iptables -A INPUT -p tcp --dport ${port} -s ${subnet} -j ACCEPT\nsudo iptables -A INPUT -p tcp --dport ${port} -j DROP`,
    },
  ];
}

function undo(way: Way, facts: Facts): string {
  switch (way) {
    case 'local':
      return here(facts, 'gateway stop');
    case 'ssh':
      return there('tunnel down', 'tunnel uninstall', 'config set gateway.mode local');
    case 'serve':
    case 'funnel':
      return here(facts, 'config set gateway.tailscale.mode off');
    case 'https':
      return facts.certificate === 'proxy' ? here(facts, 'config unset gateway.proxy.listen', 'config unset gateway.publicOrigin') : here(facts, 'config set gateway.tls.mode off');
    case 'network':
      return here(facts, 'config set gateway.bind loopback');
  }
}

/** Where the undo commands of a way are run. */
function undoWhere(way: Way): Where {
  return way === 'ssh' ? 'other' : 'gateway';
}

function portFlag({ port }: Facts): string {
  return port === 18789 ? '' : ` --port ${port}`;
}

function socketUrl(url: string): string {
  return url.replace(/^http/, 'ws');
}

/** An address as it stands in a URL. */
function host(address: string): string {
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

/** The profile that a state directory belongs to. */
export function profileOf(stateDir: string): string {
  return /\/\.openclaw-([\w-]+)\/?$/.exec(stateDir)?.[1] ?? '';
}
