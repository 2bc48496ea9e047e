// One question for many devices.

import { useState } from 'preact/hooks';
import { loadDevices } from '../../app/waiting';
import type { PairedDevice } from '../../gateway/devices';
import { CallError, call, ownDeviceId } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Check, TextField } from '../../parts/field';
import { Notice } from '../../parts/states';
import { deviceName } from '../../text/access';
import { TYPED_ABOVE, targets } from './rows';
import { t } from './text';

export type BulkAction = 'revoke' | 'remove';

export function BulkDialog({ action, selected, devices, onClose }: { action: BulkAction; selected: ReadonlySet<string>; devices: readonly PairedDevice[]; onClose: (done: boolean) => void }) {
  const [typed, setTyped] = useState('');
  const [withOwn, setWithOwn] = useState(false);
  const [busy, setBusy] = useState(false);
  const own = ownDeviceId.value;
  const hit = targets(selected, devices, own, withOwn);
  const count = hit.length;
  const ready = count > 0 && (count <= TYPED_ABOVE || typed.trim() === String(count));
  const run = async () => {
    setBusy(true);
    const failures: string[] = [];
    for (const device of hit) {
      try {
        await end(action, device);
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        failures.push(error.message);
      }
    }
    if (failures.length > 0) toast(t('bulkFailed', { failed: failures.length, n: count, message: failures[0] ?? '' }), { bad: true });
    else toast(t('bulkDone', { n: count }));
    onClose(true);
    await loadDevices();
  };
  return (
    <Dialog title={t(action === 'revoke' ? 'bulkRevokeTitle' : 'bulkRemoveTitle', { n: count })} onClose={() => onClose(false)}>
      <p>{t(action === 'revoke' ? 'bulkRevokeWhat' : 'bulkRemoveWhat')}</p>
      <ul class="bulk-names">
        {hit.slice(0, 8).map((device) => (
          <li key={device.deviceId}>{deviceName(device)}</li>
        ))}
        {count > 8 && <li>…</li>}
      </ul>
      {own !== null && selected.has(own) && (
        <Notice tone="warn">
          {!withOwn && <span>{t('ownLeftOut')}</span>}
          <Check label={t('ownIncluded')} checked={withOwn} onChange={setWithOwn} />
        </Notice>
      )}
      {count > TYPED_ABOVE && <TextField label={t('typeCount', { n: count })} inputMode="numeric" autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />}
      <div class="row end answers">
        <Button data-autofocus onClick={() => onClose(false)}>
          {t('cancel')}
        </Button>
        <ActionButton scope="operator.pairing" kind="danger" disabled={!ready || busy} onClick={() => void run()}>
          {t(action === 'revoke' ? 'revokeNow' : 'removeNow')}
        </ActionButton>
      </div>
    </Dialog>
  );
}

async function end(action: BulkAction, device: PairedDevice): Promise<void> {
  if (action === 'remove') {
    await call('device.pair.remove', { deviceId: device.deviceId });
    return;
  }
  for (const { role, revokedAt } of device.tokens) {
    if (revokedAt === null) await call('device.token.revoke', { deviceId: device.deviceId, role });
  }
}
