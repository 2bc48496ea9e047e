// What to type on a machine so that it becomes a node of this gateway. Values in, values out: all hosts, ports and codes are
// the actual ones.

import { quoteWord } from '../../text/shell-words';

export type Way = 'direct' | 'tunnel';
export type Start = 'now' | 'service';

export interface JoinFacts {
  readonly way: Way;
  readonly start: Start;
  /** Name of the new node; empty takes its host name. */
  readonly name: string;
  /** Where the page reaches the gateway. */
  readonly host: string;
  readonly port: string;
  readonly tls: boolean;
  /** Port that the gateway listens on, for tunnels. */
  readonly gatewayPort: number;
  /** Whether it speaks TLS there. */
  readonly gatewayTls: boolean;
  readonly fingerprint: string | null;
  /** SSH login of the gateway's machine. */
  readonly login: string;
  /** Join code, once there is one. */
  readonly code: string | null;
}

export interface JoinLines {
  /** Opens the tunnel, and keeps it open. */
  readonly tunnel: string | null;
  /** Makes the machine a node, now or as a service. */
  readonly node: string;
  /** Content of the unit, for a service. */
  readonly unit: string | null;
}

/** Name of the unit. */
export const UNIT = 'openclaw-node.service';

function nodeLine(facts: JoinFacts): string {
  const name = facts.name.trim() === '' ? [] : ['--display-name', quoteWord(facts.name.trim())];
  if (facts.code !== null && facts.start === 'now') return ['openclaw', 'connect', facts.code, '--node', ...name].join(' ');
  if (facts.code !== null) return ['openclaw', 'node', 'run', '--pair-if-needed', facts.code, ...name].join(' ');
  const tunnel = facts.way === 'tunnel';
  const tls = tunnel ? facts.gatewayTls : facts.tls;
  // A certificate that no authority signed is told by its fingerprint, which implies TLS.
  const security = tls ? (facts.fingerprint ? ['--tls-fingerprint', facts.fingerprint] : ['--tls']) : [];
  const host = tunnel ? '127.0.0.1' : facts.host.replace(/^\[|\]$/g, '');
  const port = tunnel ? String(facts.gatewayPort) : facts.port;
  return ['openclaw', 'node', 'run', '--host', quoteWord(host), '--port', port, ...security, ...name].join(' ');
}

/** The lines for what was chosen. */
export function joinLines(facts: JoinFacts): JoinLines {
  const port = facts.gatewayPort;
  const tunnel = facts.way === 'tunnel' ? `ssh -N -L ${port}:127.0.0.1:${port} -o ExitOnForwardFailure=yes -o ServerAliveInterval=60 -o ServerAliveCountMax=3 ${facts.login.trim()}` : null;
  const node = nodeLine(facts);
  if (facts.start === 'now') return { tunnel, node, unit: null };
  const unit = [
    '[Unit]',
    'Description=openclaw node',
    'Wants=network-online.target',
    'After=network-online.target',
    '',
    '[Service]',
    `ExecStart=/bin/sh -lc ${systemdQuote(`exec ${node}`)}`,
    'Restart=always',
    'RestartSec=5',
    '',
    '[Install]',
    'WantedBy=default.target',
  ].join('\n');
  return { tunnel, node: `systemctl --user daemon-reload && systemctl --user enable --now ${UNIT} && loginctl enable-linger`, unit };
}

/** One argument of a unit file: quotes, backslashes, percent and dollar signs mean something there. */
function systemdQuote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`;
}
