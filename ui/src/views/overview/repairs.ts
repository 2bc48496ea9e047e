// Where a finding is mended.

import type { Finding } from '../../gateway/remote';

export type Fix =
  | { readonly kind: 'view'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string }
  | { readonly kind: 'words'; readonly words: string };

const CONFIG_KEYS: readonly (readonly [RegExp, string])[] = [
  [/^gateway\.control_ui\./, 'gateway.controlUi'],
  [/^gateway\.trusted_prox/, 'gateway.trustedProxies'],
  [/^gateway\.auth\./, 'gateway.auth'],
  [/^gateway\.nodes\./, 'gateway.nodes'],
  [/^gateway\.remote_/, 'gateway.remote'],
  [/^logging\./, 'logging'],
  [/^discovery\./, 'discovery'],
  [/^hooks\./, 'hooks'],
];

/** A command that can be run as it stands, not a sentence about one. */
function isCommand(fix: string): boolean {
  return /^(openclaw|chmod|chown|mv|rm|ln|systemctl|sudo) /.test(fix) && !/[,;]\s|\s(or|and|then)\s/.test(fix);
}

/** The way to mend a finding: a view of this page where there is one, else what the gateway says. */
export function fixOf({ id, fix }: Pick<Finding, 'id' | 'fix'>): Fix | null {
  if (/^gateway\.(token|password)_/.test(id)) return { kind: 'view', path: '/access?step=token' };
  if (/^(gateway\.(tls|tailscale|lan_|public_|bind_|loopback_))/.test(id)) return { kind: 'view', path: '/access' };
  if (/^(pairing|devices?)\./.test(id)) return { kind: 'view', path: /code/.test(id) ? '/devices?codes=1' : '/devices?show=unused' };
  if (id === 'node.exec_full') return { kind: 'view', path: '/approvals?tab=policy' };
  if (fix && isCommand(fix)) return { kind: 'command', command: fix };
  const key = CONFIG_KEYS.find(([match]) => match.test(id))?.[1];
  if (key) return { kind: 'view', path: `/config?search=${encodeURIComponent(key)}` };
  return fix ? { kind: 'words', words: fix } : null;
}
