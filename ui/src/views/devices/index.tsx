import { useEffect, useState } from 'preact/hooks';
import { navigate, route, setQuery } from '../../app/router';
import { deviceList } from '../../app/waiting';
import type { DeviceList, PendingDevice } from '../../gateway/devices';
import { can, live } from '../../gateway/session';
import { ActionButton } from '../../parts/button';
import { Page } from '../../parts/page';
import { Load } from '../../parts/states';
import { Codes } from './codes';
import { DeviceDetail } from './detail';
import './devices.css';
import { PairedTable } from './paired-table';
import { PairingDialog } from './pairing-dialog';
import { PendingCards } from './pending-cards';
import { t } from './text';
import { Wizard, isGoal } from './wizard';

export function Devices() {
  const { id } = route.value;
  return id ? <DeviceDetail id={id} /> : <Listing />;
}

function Listing() {
  const list = deviceList();
  const { query } = route.value;
  const goal = query.get('pair');
  return (
    <Page
      title={t('title')}
      sentence={t('sentence')}
      action={
        <ActionButton scope="operator.pairing" kind="primary" icon="plus" onClick={() => setQuery({ pair: 'choose' })}>
          {t('pairNew')}
        </ActionButton>
      }
    >
      <Load of={list}>
        {(data) => (
          <>
            <PendingCards list={data} />
            <Asked list={data} />
            <PairedTable list={data} />
          </>
        )}
      </Load>
      {!list.forbidden && can('operator.admin') && <Codes open={query.get('codes') !== null} pairing={goal !== null} />}
      {goal !== null && <Wizard goal={isGoal(goal) ? goal : null} onClose={() => setQuery({ pair: null })} />}
    </Page>
  );
}

/** The dialog that `/devices?request=<id>` opens, for links from the device that asks and from notifications. */
function Asked({ list }: { list: DeviceList }) {
  const id = route.value.query.get('request');
  const [request, setRequest] = useState<PendingDevice | null>(null);
  const found = list.pending.find(({ requestId }) => requestId === id) ?? null;
  // What the dialog shows stays while the request comes and goes; only the address closes it.
  useEffect(() => {
    if (found) setRequest(found);
  }, [found?.requestId]);
  if (id === null || !live.value) return null;
  const shown = found ?? request;
  if (!shown) return <PairingDialog request={unknown(id)} onClose={close} />;
  return <PairingDialog request={shown} onClose={close} />;
}

function close(): void {
  navigate('/devices', { replace: true });
}

function unknown(requestId: string): PendingDevice {
  return {
    requestId,
    deviceId: '',
    publicKey: '',
    displayName: null,
    platform: null,
    family: null,
    clientId: null,
    clientMode: null,
    roles: [],
    scopes: [],
    remoteIp: null,
    code: null,
    role: '',
    browserOrigin: null,
    isRepair: false,
    nodeSurface: null,
    ts: 0,
    expiresAt: 0,
  };
}
