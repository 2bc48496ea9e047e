// Facts about devices that several parts of the view show.

import { placeOf } from '../../gateway/address';
import { kindOf } from '../../gateway/devices';
import type { DeviceKind, NodeRequest, PendingDevice } from '../../gateway/devices';
import type { IconName } from '../../parts/icon';
import { addressWith, clauses } from '../../text/access';
import { visible } from '../../text/visible';
import { t } from './text';

const ICONS: Readonly<Record<DeviceKind, IconName>> = { browser: 'browser', phone: 'phone', node: 'nodes', cli: 'terminal', app: 'key' };

export function iconOf(device: Parameters<typeof kindOf>[0]): IconName {
  return ICONS[kindOf(device)];
}

/** What a request would allow, one sentence each, with the names of the wire folded away. */
export function Wanted({ roles, scopes, node }: { roles: readonly string[]; scopes: readonly string[]; node?: NodeRequest | null }) {
  return (
    <>
      <ul class="plain">
        {clauses(roles, scopes).map((what) => (
          <li key={what}>{t('allows', { what })}</li>
        ))}
      </ul>
      {node && node.commands.length > 0 && <Commands commands={node.commands} />}
      {scopes.length > 0 && (
        <details class="fold">
          <summary>{t('scopes')}</summary>
          <code class="small break">{scopes.map((scope) => visible(scope)).join(', ')}</code>
        </details>
      )}
    </>
  );
}

/** Commands by family: `system.run` and `system.which` stand together. */
export function Commands({ commands }: { commands: readonly string[] }) {
  return (
    <span class="row command-names">
      {commands.toSorted().map((command) => (
        <code key={command} class="chip">
          {visible(command)}
        </code>
      ))}
    </span>
  );
}

/** Where a request comes from. */
export function fromWhere(request: Pick<PendingDevice, 'remoteIp'>): string {
  return addressWith(request.remoteIp, placeOf(request.remoteIp));
}
