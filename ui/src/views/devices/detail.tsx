// One device: who it is, its tokens, its connections, what it did, and what can be done about it.

import { useState } from 'preact/hooks';
import { href, navigate } from '../../app/router';
import { deviceList } from '../../app/waiting';
import { placeOf } from '../../gateway/address';
import { readAudit } from '../../gateway/audit';
import { isRaw, isRevoked, kindOf, operatorScopes } from '../../gateway/devices';
import type { DeviceList, PairedDevice } from '../../gateway/devices';
import { useResource } from '../../gateway/resource';
import { CallError, call, has, ownDeviceId } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton } from '../../parts/button';
import { CopyValue } from '../../parts/copy';
import { Card, Page } from '../../parts/page';
import { AsOf, Chip, Empty, Load } from '../../parts/states';
import { Ago } from '../../parts/time';
import { Words } from '../../parts/words';
import { accessName, addressWith, deviceName, kindName } from '../../text/access';
import { auditSentence } from '../../text/audit';
import { dateTime } from '../../text/time';
import { visible } from '../../text/visible';
import { ActionDialog, actionsFor } from './actions';
import type { Action } from './actions';
import { Wanted } from './facts';
import { t } from './text';

export function DeviceDetail({ id }: { id: string }) {
  const list = deviceList();
  const device = list.data?.paired.find(({ deviceId }) => deviceId === id);
  const back = (
    <a class="button quiet" href={href('/devices')}>
      {t('back')}
    </a>
  );
  if (!device) {
    return (
      <Page title={list.data ? t('unknownTitle') : t('title')} action={back}>
        <Load of={list}>{() => <Empty icon="devices" title={t('unknownTitle')}>{t('unknown')}</Empty>}</Load>
      </Page>
    );
  }
  return (
    <Page title={deviceName(device)} sentence={<Summary device={device} />} action={back}>
      <Load of={list}>
        {() => (
          <>
            <Identity device={device} asOf={list.asOf} />
            <Tokens device={device} />
            <Connections device={device} />
            <Activity device={device} list={list.data} />
          </>
        )}
      </Load>
    </Page>
  );
}

function Summary({ device }: { device: PairedDevice }) {
  return (
    <span class="row">
      {device.connected ? <Chip tone="ok">{t('connected')}</Chip> : device.lastSeenAt && <Ago at={device.lastSeenAt} />}
      {isRevoked(device) ? <Chip tone="bad">{t('revoked')}</Chip> : <Chip>{accessName(device.roles, operatorScopes(device))}</Chip>}
      {device.deviceId === ownDeviceId.value && <Chip tone="info">{t('thisBrowser')}</Chip>}
    </span>
  );
}

function Identity({ device, asOf }: { device: PairedDevice; asOf: number | null }) {
  const [action, setAction] = useState<Action | null>(null);
  const via = device.approvedVia;
  return (
    <Card title={t('identity')} side={<AsOf of={{ asOf }} />}>
      <div class="stack">
        <Words id={device.deviceId} large />
        <dl class="facts">
          <dt>{t('deviceId')}</dt>
          <dd>
            <CopyValue text={device.deviceId} label={t('copyId')} />
          </dd>
          <dt>{t('publicKey')}</dt>
          <dd>
            <CopyValue text={device.publicKey} label={t('copyKey')} />
          </dd>
          <dt>{t('kind')}</dt>
          <dd>{kindName(kindOf(device))}</dd>
          {device.platform && (
            <>
              <dt>{t('platform')}</dt>
              <dd>{visible(device.platform)}</dd>
            </>
          )}
          {device.clientId && (
            <>
              <dt>{t('client')}</dt>
              <dd>{[device.clientId, device.version].filter((one) => one !== null).map((one) => visible(one)).join(' ')}</dd>
            </>
          )}
          <dt>{t('address')}</dt>
          <dd>{addressWith(device.remoteIp, placeOf(device.remoteIp))}</dd>
          <dt>{t('firstPaired')}</dt>
          <dd>{dateTime(device.createdAt)}</dd>
          {via && (
            <>
              <dt>{t('approvedVia')}</dt>
              <dd>{via === 'owner' || via === 'silent' || via === 'setup' ? t(`via.${via}`) : t('via.other', { via: visible(via) })}</dd>
            </>
          )}
        </dl>
        <div class="row">
          {actionsFor(device)
            .filter((one) => one !== 'rotate' && one !== 'revoke')
            .map((one) => (
              <ActionButton key={one} scope="operator.pairing" kind={one === 'remove' ? 'danger' : undefined} onClick={() => setAction(one)}>
                {t(one)}
              </ActionButton>
            ))}
        </div>
      </div>
      {action && (
        <ActionDialog
          action={action}
          device={device}
          onClose={(done) => {
            setAction(null);
            // What was removed has no page.
            if (action === 'remove' && done) navigate('/devices', { replace: true });
          }}
        />
      )}
    </Card>
  );
}

function Tokens({ device }: { device: PairedDevice }) {
  const [action, setAction] = useState<{ action: 'rotate' | 'revoke'; role: string } | null>(null);
  return (
    <Card title={t('tokens')}>
      {device.tokens.length === 0 && <p class="muted">{t('noTokens')}</p>}
      <ul class="plain token-rows">
        {device.tokens.map((token) => (
          <li key={token.role}>
            <div class="stack tight grow">
              <span class="row">
                <strong>{token.role}</strong>
                {token.revokedAt ? <Chip tone="bad">{t('revoked')}</Chip> : <Chip tone="ok">{t('usable')}</Chip>}
              </span>
              <Wanted roles={[token.role]} scopes={token.scopes} />
            </div>
            <dl class="facts">
              <dt>{t('tokenCreated')}</dt>
              <dd>
                <Ago at={token.createdAt} />
              </dd>
              {token.rotatedAt && (
                <>
                  <dt>{t('tokenRotated')}</dt>
                  <dd>
                    <Ago at={token.rotatedAt} />
                  </dd>
                </>
              )}
              {token.revokedAt && (
                <>
                  <dt>{t('revoked')}</dt>
                  <dd>
                    <Ago at={token.revokedAt} />
                  </dd>
                </>
              )}
              {token.lastUsedAt && (
                <>
                  <dt>{t('tokenUsed')}</dt>
                  <dd>
                    <Ago at={token.lastUsedAt} />
                  </dd>
                </>
              )}
            </dl>
            {!token.revokedAt && (
              <div class="row">
                <ActionButton scope="operator.pairing" size="small" onClick={() => setAction({ action: 'rotate', role: token.role })}>
                  {t('rotate')}
                </ActionButton>
                <ActionButton scope="operator.pairing" size="small" onClick={() => setAction({ action: 'revoke', role: token.role })}>
                  {t('revoke')}
                </ActionButton>
              </div>
            )}
          </li>
        ))}
      </ul>
      {action && <ActionDialog action={action.action} role={action.role} device={device} onClose={() => setAction(null)} />}
    </Card>
  );
}

function Connections({ device }: { device: PairedDevice }) {
  const clients = useResource({
    key: 'clients',
    method: 'clients.list',
    scope: 'operator.read',
    events: ['clients.changed', 'presence'],
    load: () => call('clients.list', {}),
  });
  // Older gateways know connections by presence alone, which the summary above shows.
  if (clients.missing) return null;
  const end = async (connId: string) => {
    try {
      await call('clients.disconnect', { connId });
      toast(t('disconnected'));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      toast(error.message, { bad: true });
    }
  };
  return (
    <Card title={t('connections')} side={<AsOf of={clients} />}>
      <Load of={clients} lines={2}>
        {(answer) => {
          const own = (isRaw(answer) && Array.isArray(answer['clients']) ? answer['clients'].filter(isRaw) : []).filter((one) => one['deviceId'] === device.deviceId);
          if (own.length === 0) return <p class="muted">{t('noConnections')}</p>;
          return (
            <ul class="plain token-rows">
              {own.map((one) => (
                <li key={String(one['connId'])}>
                  <span class="grow">
                    <strong>{String(one['role'])}</strong> {visible(addressWith(typeof one['ip'] === 'string' ? one['ip'] : null, placeOf(typeof one['ip'] === 'string' ? one['ip'] : null)))}
                  </span>
                  <span class="muted small">
                    {t('since')} {dateTime(Number(one['connectedAtMs']))}
                  </span>
                  {one['you'] === true ? (
                    <Chip tone="info">{t('thisBrowser')}</Chip>
                  ) : (
                    has('clients.disconnect') && (
                      <ActionButton scope="operator.admin" size="small" onClick={() => void end(String(one['connId']))}>
                        {t('disconnect')}
                      </ActionButton>
                    )
                  )}
                </li>
              ))}
            </ul>
          );
        }}
      </Load>
    </Card>
  );
}

function Activity({ device, list }: { device: PairedDevice; list: DeviceList | null }) {
  const id = device.deviceId;
  const lines = useResource({
    key: `audit.device.${id}`,
    method: 'audit.list',
    scope: 'operator.read',
    events: ['audit.appended'],
    load: async () => {
      const [done, suffered] = await Promise.all([call('audit.list', { actor: id, limit: 20 }), call('audit.list', { subject: id, limit: 20 })]);
      const all = new Map([...readAudit(done), ...readAudit(suffered)].map((line) => [line.id, line]));
      return [...all.values()].sort((a, b) => b.id - a.id).slice(0, 20);
    },
  });
  return (
    <Card title={t('activity')} side={<AsOf of={lines} />}>
      {lines.missing ? (
        <p class="muted">{t('noActivityLog')}</p>
      ) : (
        <Load of={lines}>
          {(entries) =>
            entries.length === 0 ? (
              <p class="muted">{t('noActivity')}</p>
            ) : (
              <ul class="plain events">
                {entries.map((line) => (
                  <li key={line.id}>
                    <span class="grow break">{auditSentence(line, list?.paired ?? [])}</span>
                    <span class="small muted">
                      <Ago at={line.ts} />
                    </span>
                  </li>
                ))}
              </ul>
            )
          }
        </Load>
      )}
    </Card>
  );
}
