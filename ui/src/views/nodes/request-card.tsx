// Nodes that wait: new machines, whose words are compared first, and known ones that offer more commands.

import { useState } from 'preact/hooks';
import { href } from '../../app/router';
import { loadDevices } from '../../app/waiting';
import { placeOf } from '../../gateway/address';
import type { NodeRequest, PendingDevice } from '../../gateway/devices';
import { families } from '../../gateway/nodes';
import { CallError, call, can } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton } from '../../parts/button';
import { Icon } from '../../parts/icon';
import { Until } from '../../parts/time';
import { Words } from '../../parts/words';
import { addressWith, deviceName } from '../../text/access';
import { visible } from '../../text/visible';
import type { Scope } from '../../wire/generated';
import { t } from './text';

/** A machine that asks to be let in as a node. */
export function NewNodeCard({ request }: { request: PendingDevice }) {
  const [before = '', after = ''] = t('expires').split('{time}');
  return (
    <div class="card waiting-node">
      <div class="stack tight grow">
        <h3>{deviceName(request)}</h3>
        <span class="small muted">
          {t('newNode', { from: addressWith(request.remoteIp, placeOf(request.remoteIp)) })} · {before}
          <Until at={request.expiresAt} />
          {after}
        </span>
      </div>
      <Words id={request.deviceId} />
      <a class="button primary" href={href(`/devices?request=${encodeURIComponent(request.requestId)}`)}>
        {t('compare')}
      </a>
    </div>
  );
}

/** A node that offers commands. */
export function NodeRequestCard({ request }: { request: NodeRequest }) {
  const [busy, setBusy] = useState(false);
  const name = visible(request.name ?? request.nodeId.slice(0, 12));
  const needs: readonly Scope[] = request.needs.length > 0 ? request.needs : ['operator.pairing'];
  const missing = needs.find((scope) => !can(scope)) ?? needs[0] ?? 'operator.pairing';
  const answer = async (method: 'node.pair.approve' | 'node.pair.reject') => {
    setBusy(true);
    try {
      await call(method, { requestId: request.requestId });
      toast(t(method === 'node.pair.approve' ? 'approved' : 'rejected', { name }));
      await loadDevices();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      toast(t('notDone', { reason: error.message }), { bad: true });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="card stack">
      <div class="row between">
        <div class="stack tight grow">
          <h3>{name}</h3>
          <span class="small muted">{t(request.isRepair ? 'offersMore' : 'offers', { n: request.commands.length, from: addressWith(request.remoteIp, placeOf(request.remoteIp)) })}</span>
        </div>
        <div class="row">
          <ActionButton scope={missing} disabled={busy} onClick={() => void answer('node.pair.reject')}>
            {t('reject')}
          </ActionButton>
          <ActionButton scope={missing} kind="primary" disabled={busy} onClick={() => void answer('node.pair.approve')}>
            {t('approve')}
          </ActionButton>
        </div>
      </div>
      <CommandGroups commands={request.commands} />
      {request.commands.includes('system.run') && (
        <p class="small row tight-row">
          <Icon name="info" />
          <span>{t('runMeans')}</span>
        </p>
      )}
      {request.caps.length > 0 && <p class="small muted">{t('caps', { caps: request.caps.map((cap) => visible(cap)).join(', ') })}</p>}
    </div>
  );
}

/** Commands by family. */
export function CommandGroups({ commands }: { commands: readonly string[] }) {
  if (commands.length === 0) return <p class="muted">{t('noCommands')}</p>;
  return (
    <dl class="facts command-groups">
      {families(commands).map(({ name, commands }) => (
        <div key={name} class="group">
          <dt>{visible(name)}</dt>
          <dd class="row">
            {commands.map((command) => (
              <code key={command}>{visible(command)}</code>
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
