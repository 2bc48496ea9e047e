// Everybody who may connect, or could once.

import { useState } from 'preact/hooks';
import { href, route, setQuery } from '../../app/router';
import { isRevoked, lastUsed, operatorScopes } from '../../gateway/devices';
import type { DeviceList, PairedDevice } from '../../gateway/devices';
import { can, live, ownDeviceId } from '../../gateway/session';
import { wordList } from '../../gateway/words';
import { Button } from '../../parts/button';
import { SelectField, TextField } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Menu } from '../../parts/menu';
import { Chip, Empty } from '../../parts/states';
import { DataTable, currentSort } from '../../parts/table';
import type { Column } from '../../parts/table';
import { Ago } from '../../parts/time';
import { ShortWords } from '../../parts/words';
import { accessName, deviceName, kindName } from '../../text/access';
import { kindOf } from '../../gateway/devices';
import { dateTime } from '../../text/time';
import { visible } from '../../text/visible';
import { ActionDialog, actionsFor } from './actions';
import type { Action } from './actions';
import { BulkDialog } from './bulk';
import type { BulkAction } from './bulk';
import { iconOf } from './facts';
import { SHOWS, byAccess, byUse, isShow, select } from './rows';
import { t } from './text';

const SORT = { column: 'used', down: false };

export function PairedTable({ list }: { list: DeviceList }) {
  const { query } = route.value;
  const search = query.get('q') ?? '';
  const asked = query.get('show');
  const show = isShow(asked) ? asked : 'all';
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [action, setAction] = useState<{ action: Action; device: PairedDevice } | null>(null);
  const [bulk, setBulk] = useState<BulkAction | null>(null);
  const own = ownDeviceId.value;
  const shown = select(list.paired, show, search, wordList.value, Date.now());
  const onlyThis = list.paired.length === 1 && list.paired[0]?.deviceId === own && list.pending.length === 0;
  const chosen = list.paired.filter(({ deviceId }) => selected.has(deviceId));

  const columns: Column<PairedDevice>[] = [
    {
      key: 'select',
      title: t('select'),
      quiet: true,
      class: 'narrow',
      cell: ({ deviceId, ...device }) => (
        <label class="check">
          <input
            type="checkbox"
            checked={selected.has(deviceId)}
            onChange={(event) => {
              const next = new Set(selected);
              if (event.currentTarget.checked) next.add(deviceId);
              else next.delete(deviceId);
              setSelected(next);
            }}
          />
          <span class="visually-hidden">{t('selectRow', { name: deviceName(device) })}</span>
        </label>
      ),
    },
    {
      key: 'name',
      title: t('name'),
      rowHead: true,
      compare: (a, b) => deviceName(a).localeCompare(deviceName(b)),
      cell: (device) => <Name device={device} own={device.deviceId === own} />,
    },
    { key: 'words', title: t('words'), cell: ({ deviceId }) => <ShortWords id={deviceId} /> },
    {
      key: 'access',
      title: t('access'),
      compare: byAccess,
      cell: (device) => (isRevoked(device) ? <Chip tone="bad">{t('revoked')}</Chip> : accessName(device.roles, operatorScopes(device))),
    },
    { key: 'used', title: t('state'), compare: byUse, cell: (device) => <Use device={device} /> },
    {
      key: 'address',
      title: t('address'),
      class: 'extra',
      compare: (a, b) => (a.remoteIp ?? '').localeCompare(b.remoteIp ?? '', undefined, { numeric: true }),
      cell: ({ remoteIp }) => (remoteIp ? <code class="nowrap">{visible(remoteIp)}</code> : <span class="faint">–</span>),
    },
    {
      key: 'approved',
      title: t('approvedAt'),
      class: 'extra',
      compare: (a, b) => b.approvedAt - a.approvedAt,
      cell: ({ approvedAt }) => (
        <span class="nowrap" title={dateTime(approvedAt)}>
          <Ago at={approvedAt} />
        </span>
      ),
    },
    {
      key: 'menu',
      title: t('menu'),
      quiet: true,
      class: 'narrow',
      cell: (device) => (
        <Menu name={deviceName(device)}>
          <a href={href(`/devices/${device.deviceId}`)}>{t('open')}</a>
          {actionsFor(device).map((one) => (
            <button
              key={one}
              type="button"
              class={one === 'remove' || one === 'revoke' || one === 'signOut' ? 'bad' : undefined}
              disabled={!live.value || !can('operator.pairing')}
              onClick={() => setAction({ action: one, device })}
            >
              {t(one)}
            </button>
          ))}
        </Menu>
      ),
    },
  ];

  return (
    <section class="stack" aria-labelledby="paired-heading">
      <h2 id="paired-heading">{t('paired')}</h2>
      {onlyThis ? (
        <div class="card">
          <Empty icon="devices" title={t('onlyThis')}>
            <span>{t('onlyThisHint')}</span>
            <Button icon="plus" onClick={() => setQuery({ pair: 'choose' })}>
              {t('pairNew')}
            </Button>
          </Empty>
        </div>
      ) : (
        <div class="device-tools">
          <TextField label={t('search')} placeholder={t('searchHint')} value={search} onInput={(event) => setQuery({ q: event.currentTarget.value })} />
          <SelectField label={t('show')} value={show} options={SHOWS.map((one) => [one, t(`show.${one}`)] as const)} onChange={(next) => setQuery({ show: next === 'all' ? null : next })} />
        </div>
      )}
      {shown.length === 0 ? (
        <div class="card">
          <Empty icon="search" title={t('noMatch')}>
            <Button onClick={() => setQuery({ q: null, show: null })}>{t('clear')}</Button>
          </Empty>
        </div>
      ) : (
        <DataTable
          label={t('paired')}
          columns={columns}
          rows={shown}
          id={({ deviceId }) => deviceId}
          sort={currentSort(SORT)}
          pinned={({ deviceId }) => deviceId === own}
          rowClass={(device) => (device.deviceId === own ? 'own' : isRevoked(device) ? 'revoked' : undefined)}
        />
      )}
      {!onlyThis && (
        <p class="caption muted" role="status">
          {t('count', { shown: shown.length, all: list.paired.length })}
        </p>
      )}
      {chosen.length > 0 && (
        <div class="bulk">
          <strong class="grow">{t('selected', { n: chosen.length })}</strong>
          <Button onClick={() => setSelected(new Set())}>{t('clearSelection')}</Button>
          <Button disabled={!live.value} onClick={() => setBulk('revoke')}>
            {t('revokeSelected')}
          </Button>
          <Button disabled={!live.value} kind="danger" onClick={() => setBulk('remove')}>
            {t('removeSelected')}
          </Button>
        </div>
      )}
      {action && <ActionDialog action={action.action} device={action.device} onClose={() => setAction(null)} />}
      {bulk && (
        <BulkDialog
          action={bulk}
          selected={selected}
          devices={list.paired}
          onClose={(done) => {
            setBulk(null);
            if (done) setSelected(new Set());
          }}
        />
      )}
    </section>
  );
}

function Name({ device, own }: { device: PairedDevice; own: boolean }) {
  return (
    <span class="device-name">
      <Icon name={iconOf(device)} />
      <span class="grow">
        <a href={href(`/devices/${device.deviceId}`)}>{deviceName(device)}</a>
        <span class="caption">{own ? t('thisBrowser') : [kindName(kindOf(device)), ...(device.roles.length > 1 ? [device.roles.join(' + ')] : [])].join(' · ')}</span>
      </span>
    </span>
  );
}

function Use({ device }: { device: PairedDevice }) {
  if (device.connected) return <Chip tone="ok">{t('connected')}</Chip>;
  const at = lastUsed(device);
  return at > 0 ? <Ago at={at} /> : <span class="faint">{t('never')}</span>;
}
