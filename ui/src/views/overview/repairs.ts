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

/** Ways of the access view that findings lead to. */
const WAYS: readonly (readonly [RegExp, string])[] = [
  [/^gateway\.tailscale_/, '/access?way=serve'],
  [/^gateway\.(tls|lan_|public_)/, '/access?way=https'],
  [/^gateway\.(token|password|bind|loopback)_/, '/access'],
  [/^(pairing|devices?)\..*code/, '/devices?codes=1'],
  [/^(pairing|devices?)\./, '/devices?show=unused'],
  [/^node\.exec_full$/, '/approvals?tab=policy'],
];

/** The way to mend a finding: a view of this page where there is one, else what the gateway says. */
export function fixOf({ id, fix }: Pick<Finding, 'id' | 'fix'>): Fix | null {
  const path = WAYS.find(([match]) => match.test(id))?.[1];
  if (path) return { kind: 'view', path };
  const key = CONFIG_KEYS.find(([match]) => match.test(id))?.[1];
  if (key) return { kind: 'view', path: `/config?q=${encodeURIComponent(key)}` };
  if (fix && isCommand(fix)) return { kind: 'command', command: fix };
  return fix ? { kind: 'words', words: fix } : null;
}
