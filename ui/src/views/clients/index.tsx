// Who is connected now, by device; the gateway itself first.

import { useState } from 'preact/hooks';
import { href } from '../../app/router';
import { deviceList } from '../../app/waiting';
import { levelOf } from '../../gateway/access';
import { placeOf } from '../../gateway/address';
import { groupClients, readClients, readGateway, readPresence } from '../../gateway/clients';
import type { Client, ClientGroup, GatewayFacts } from '../../gateway/clients';
import { useResource } from '../../gateway/resource';
import { CallError, call, can, has, hello, live } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Icon } from '../../parts/icon';
import { Page } from '../../parts/page';
import { AsOf, Chip, Load, Notice } from '../../parts/states';
import { Ago } from '../../parts/time';
import { addressWith, kindName, levelName } from '../../text/access';
import { visible } from '../../text/visible';
import { kindOf } from '../../gateway/devices';
import './clients.css';
import { t } from './text';

interface Data {
  readonly clients: readonly Client[];
  readonly gateway: GatewayFacts | null;
}

const EVERY_MS = 30_000;

async function load(): Promise<Data> {
  const presence: unknown = await call('system-presence', {});
  const gateway = readGateway(presence);
  if (!has('clients.list')) return { clients: readPresence(presence, null), gateway };
  return { clients: readClients(await call('clients.list', {})), gateway };
}

export function Clients() {
  const data = useResource({
    key: 'clients',
    scope: 'operator.read',
    events: ['presence', 'clients.changed'],
    everyMs: EVERY_MS,
    load,
  });
  const [leaving, setLeaving] = useState<Client | null>(null);
  return (
    <Page title={t('title')} sentence={t('sentence')} action={<AsOf of={data} />}>
      {live.value && !data.forbidden && !has('clients.list') && (
        <Notice tone="info">
          <span>{t('incomplete')}</span>
        </Notice>
      )}
      <Load of={data}>{({ clients, gateway }) => <Table groups={groupClients(clients)} gateway={gateway} onDisconnect={setLeaving} />}</Load>
      {leaving && <Disconnect client={leaving} onClose={() => setLeaving(null)} onDone={data.reload} />}
    </Page>
  );
}

function Table({ groups, gateway, onDisconnect }: { groups: readonly ClientGroup[]; gateway: GatewayFacts | null; onDisconnect: (client: Client) => void }) {
  const heads = [t('who'), t('what'), t('access'), t('from'), t('version'), t('since'), t('activity')];
  const offered = has('clients.disconnect');
  return (
    <div class="card table-box">
      <table class="table cards clients">
        <caption class="visually-hidden">{t('title')}</caption>
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            {offered && (
              <th scope="col">
                <span class="visually-hidden">{t('actions')}</span>
              </th>
            )}
          </tr>
        </thead>
        {gateway && (
          <tbody>
            <tr>
              <th scope="row">
                <span class="row who">
                  <Icon name="home" />
                  <strong>{visible(gateway.name)}</strong>
                </span>
              </th>
              <td data-label={t('what')}>{t('theGateway')}</td>
              <td class="nothing" />
              <td data-label={t('from')}>{gateway.ip ? visible(gateway.ip) : ''}</td>
              <td data-label={t('version')}>{visible(gateway.version ?? hello.value?.server.version ?? '')}</td>
              <td class="nothing" />
              <td class="nothing" />
              {offered && <td class="nothing" />}
            </tr>
          </tbody>
        )}
        {groups.map((group) => (
          <tbody key={group.key}>
            {group.clients.map((client, index) => (
              <Row key={client.connId ?? client.instanceId ?? index} client={client} first={index === 0} group={group} offered={offered} onDisconnect={onDisconnect} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

interface RowProps {
  client: Client;
  group: ClientGroup;
  first: boolean;
  offered: boolean;
  onDisconnect: (client: Client) => void;
}

function Row({ client, group, first, offered, onDisconnect }: RowProps) {
  const label = deviceList().data?.paired.find(({ deviceId }) => deviceId === group.deviceId)?.operatorLabel;
  const name = visible(label ?? client.name);
  const kind = kindOf({ clientId: client.clientId, clientMode: client.mode, platform: client.platform, family: null, roles: client.role ? [client.role] : [] });
  const icon = kind === 'phone' ? 'phone' : kind === 'node' ? 'nodes' : kind === 'cli' ? 'terminal' : kind === 'browser' ? 'browser' : 'devices';
  const path = !group.deviceId ? null : client.role === 'node' ? `/nodes/${group.deviceId}` : can('operator.pairing') ? `/devices/${group.deviceId}` : null;
  return (
    <tr class={first ? undefined : 'more-of-device'}>
      <th scope="row">
        <span class="row who">
          <Icon name={icon} />
          <span class="stack tight grow">
            {path ? <a href={href(path)}>{name}</a> : <span>{name}</span>}
            {client.user && <span class="caption muted">{visible(client.user)}</span>}
          </span>
          {client.you && <Chip tone="info">{t('thisPage')}</Chip>}
        </span>
      </th>
      <td data-label={t('what')}>
        <span class="stack two">
          {kindName(kind)}
          {client.auth && <span class="caption muted">{visible(client.auth)}</span>}
        </span>
      </td>
      <td data-label={t('access')}>{client.role === 'node' ? t('asNode') : <span title={client.scopes.join('\n')}>{levelName(levelOf(client.scopes))}</span>}</td>
      <td data-label={t('from')}>
        {client.connId === null && client.ip === null ? (
          <span class="muted">–</span>
        ) : (
          <span class="row from">
            <span>{client.local || client.ip === null ? t('here') : addressWith(client.ip, placeOf(client.ip))}</span>
            {client.secure === false && <Chip tone="warn">{t('notEncrypted')}</Chip>}
          </span>
        )}
      </td>
      <td data-label={t('version')}>{client.version ? visible(client.version) : <span class="muted">–</span>}</td>
      <td data-label={t('since')}>{client.since === null ? <span class="muted">–</span> : <Ago at={client.since} />}</td>
      <td data-label={t('activity')}>{client.lastActivity === null ? <span class="muted">–</span> : <Ago at={client.lastActivity} />}</td>
      {offered && (
        <td class="end">
          {client.connId !== null && !client.you && (
            <ActionButton scope="operator.admin" size="small" aria-label={t('disconnectOne', { name })} onClick={() => onDisconnect(client)}>
              {t('disconnect')}
            </ActionButton>
          )}
        </td>
      )}
    </tr>
  );
}

function Disconnect({ client, onClose, onDone }: { client: Client; onClose: () => void; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const name = visible(client.name);
  const disconnect = async () => {
    setBusy(true);
    try {
      await call('clients.disconnect', { connId: client.connId ?? '' });
      toast(t('disconnected', { name }));
      onDone();
      onClose();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(error.message);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('disconnectTitle', { name })} onClose={onClose}>
      <p>{t('disconnectMeans')}</p>
      {client.deviceId && (
        <p class="small">
          <a href={href(`/devices/${client.deviceId}`)}>{t('toDevice')}</a>
        </p>
      )}
      {problem && (
        <Notice tone="bad">
          <span>{problem}</span>
        </Notice>
      )}
      <div class="row end">
        <Button data-autofocus onClick={onClose}>
          {t('cancel')}
        </Button>
        <ActionButton scope="operator.admin" kind="danger" disabled={busy} onClick={() => void disconnect()}>
          {t('disconnect')}
        </ActionButton>
      </div>
    </Dialog>
  );
}
