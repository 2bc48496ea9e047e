// Requests that wait, with what decides about them in place.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { decide, decisionProblem, showInPlace } from '../../app/decisions';
import { askToNotify, notifyState, stopNotifying } from '../../app/notify';
import { href } from '../../app/router';
import { deviceList, dropApproval, nodeRequests, pendingApprovals } from '../../app/waiting';
import { placeOf } from '../../gateway/address';
import type { PendingApproval } from '../../gateway/approvals';
import { kindOf } from '../../gateway/devices';
import type { NodeRequest, PendingDevice } from '../../gateway/devices';
import { can } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Icon } from '../../parts/icon';
import type { IconName } from '../../parts/icon';
import { lazy } from '../../parts/lazy';
import { Card } from '../../parts/page';
import { AsOf, Skeleton } from '../../parts/states';
import { Until } from '../../parts/time';
import { Words } from '../../parts/words';
import { accessName, addressWith, deviceName, kindName } from '../../text/access';
import { visible } from '../../text/visible';
import { t } from './text';

const PairingDialog = lazy(() => import('../devices/pairing-dialog').then((module) => module.PairingDialog));
const NodeDialog = lazy(() => import('../devices/node-dialog').then((module) => module.NodeDialog));

/** Rows of each kind before the rest is left to the kind's own view. */
const ROWS = 4;

export function WaitingCard() {
  const list = deviceList();
  const [device, setDevice] = useState<PendingDevice | null>(null);
  const [node, setNode] = useState<NodeRequest | null>(null);
  const devices = list.data?.pending ?? [];
  const empty = devices.length + nodeRequests.value.length + pendingApprovals.value.length === 0;
  return (
    <Card
      title={t('waiting')}
      side={
        <>
          <AsOf of={list} />
          <Notify />
        </>
      }
    >
      {empty && list.data === null && !list.forbidden && !list.error ? <Skeleton lines={1} /> : null}
      {empty && list.error && <p class="muted">{list.error.message}</p>}
      {empty && list.data && <p class="muted">{t('nothing')}</p>}
      {list.forbidden && (
        <p class="muted row">
          <Icon name="lock" />
          {t('noSight', { scope: list.forbidden })}
        </p>
      )}
      <ul class="plain waiting">
        {devices.slice(0, ROWS).map((request) => (
          <DeviceRow key={request.deviceId + request.role} request={request} onOpen={() => setDevice(request)} />
        ))}
        <More count={devices.length - ROWS} path="/devices" />
        {nodeRequests.value.slice(0, ROWS).map((request) => (
          <Row key={request.requestId} icon="nodes" title={visible(request.name ?? request.nodeId.slice(0, 12))} meta={t('nodeAsks', { n: request.commands.length })}>
            <Button kind="primary" onClick={() => setNode(request)}>
              {t('review')}
            </Button>
          </Row>
        ))}
        <More count={nodeRequests.value.length - ROWS} path="/nodes" />
        {pendingApprovals.value.slice(0, ROWS).map((approval) => (
          <ApprovalRow key={approval.id} approval={approval} />
        ))}
        <More count={pendingApprovals.value.length - ROWS} path="/approvals" />
      </ul>
      {device && <PairingDialog request={device} onClose={() => setDevice(null)} />}
      {node && <NodeDialog request={node} onClose={() => setNode(null)} />}
    </Card>
  );
}

function Row({ icon, title, meta, middle, children }: { icon: IconName; title: ComponentChildren; meta: ComponentChildren; middle?: ComponentChildren; children: ComponentChildren }) {
  return (
    <li>
      <Icon name={icon} />
      <div class="waiting-what">
        <strong>{title}</strong>
        <span class="small muted">{meta}</span>
      </div>
      {middle}
      <div class="row end waiting-actions">{children}</div>
    </li>
  );
}

function DeviceRow({ request, onOpen }: { request: PendingDevice; onOpen: () => void }) {
  const kind = kindOf(request);
  const from = addressWith(request.remoteIp, placeOf(request.remoteIp));
  const access = accessName(request.role === 'node' ? ['node'] : [], request.scopes);
  return (
    <Row
      icon={kind === 'phone' ? 'phone' : kind === 'node' ? 'nodes' : kind === 'cli' ? 'terminal' : 'browser'}
      title={deviceName(request)}
      meta={
        <>
          {kind === 'node' ? t('nodeDeviceAsks', { from }) : t('deviceAsks', { what: kindName(kind), access, from })}
          {' · '}
          <Expires at={request.expiresAt} />
        </>
      }
      middle={<Words id={request.deviceId} />}
    >
      <Button kind="primary" onClick={onOpen}>
        {t('compare')}
      </Button>
    </Row>
  );
}

function Expires({ at }: { at: number }) {
  // The message with its place for the time kept apart, so that only the time changes every second.
  const [before = '', after = ''] = t('expires').split('{time}');
  return (
    <>
      {before}
      <Until at={at} />
      {after}
    </>
  );
}

/** Clicks this soon after a button appeared were meant for what was there before. */
const SETTLE_MS = 400;

function ApprovalRow({ approval }: { approval: PendingApproval }) {
  const [ready, setReady] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setReady(true), SETTLE_MS);
    return () => clearTimeout(timer);
  }, []);
  const command = visible(approval.command);
  // The panel of the other views would ask a second time.
  useLayoutEffect(() => showInPlace(approval.id), [approval.id]);
  const answer = async (decision: 'allow-once' | 'deny') => {
    setBusy(true);
    try {
      await decide(approval.id, decision);
      dropApproval(approval.id);
      toast(t(decision === 'deny' ? 'denied' : 'allowed', { command }));
    } catch (error) {
      toast(decisionProblem(error), { bad: true });
      setBusy(false);
    }
  };
  return (
    <Row
      icon="terminal"
      title={<code class="break">{command}</code>}
      meta={
        <>
          {t('commandAsks', { where: visible(approval.host ?? approval.nodeId ?? t('thisGateway')) })}
          {' · '}
          <Expires at={approval.expiresAt} />
        </>
      }
    >
      <a class="button quiet" href={href(`/approvals?id=${encodeURIComponent(approval.id)}`)}>
        {t('review')}
      </a>
      <ActionButton scope="operator.approvals" disabled={!ready || busy} onClick={() => void answer('deny')}>
        {t('deny')}
      </ActionButton>
      <ActionButton scope="operator.approvals" disabled={!ready || busy} onClick={() => void answer('allow-once')}>
        {t('allowOnce')}
      </ActionButton>
    </Row>
  );
}

function More({ count, path }: { count: number; path: string }) {
  if (count <= 0) return null;
  return (
    <li class="waiting-more">
      <a href={href(path)}>{t('more', { n: count })}</a>
    </li>
  );
}

function Notify() {
  const state = notifyState.value;
  if (state === 'impossible' || !(can('operator.pairing') || can('operator.approvals'))) return null;
  if (state === 'denied') return <span class="caption muted">{t('notifyDenied')}</span>;
  return (
    <Button kind="quiet" size="small" aria-pressed={state === 'on'} onClick={() => (state === 'on' ? stopNotifying() : void askToNotify())}>
      {t(state === 'on' ? 'notifyOff' : 'notify')}
    </Button>
  );
}
