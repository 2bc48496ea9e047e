// The question whether to let a device in. Its words are compared here; nothing is approved without.

import { useState } from 'preact/hooks';
import { deviceList, loadDevices } from '../../app/waiting';
import { LEVEL_SCOPES, includes, levelOf, narrower } from '../../gateway/access';
import type { Level } from '../../gateway/access';
import { placeOf } from '../../gateway/address';
import { reasonOf, withoutPending } from '../../gateway/devices';
import type { PendingDevice } from '../../gateway/devices';
import { call, can, has, hello, ownDeviceId } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { SelectField } from '../../parts/field';
import { Notice } from '../../parts/states';
import { Until } from '../../parts/time';
import { Words } from '../../parts/words';
import { deviceName, levelName, levelSentence } from '../../text/access';
import { visible } from '../../text/visible';
import type { Scope } from '../../wire/generated';
import { useAct } from './act';
import './devices.css';
import { fromWhere, Wanted } from './facts';
import { t } from './text';

export function PairingDialog({ request, onClose }: { request: PendingDevice; onClose: () => void }) {
  const list = deviceList();
  const act = useAct();
  const [level, setLevel] = useState<Level | 'asked'>('asked');
  const name = deviceName(request);
  // A request whose time is over comes back under another id: the device is the same, and so are its words.
  const pending = list.data?.pending ?? [];
  const now =
    pending.find(({ requestId }) => requestId === request.requestId) ??
    pending.find(({ deviceId, role }) => deviceId === request.deviceId && role === request.role);
  if (!now) {
    return (
      <Dialog title={t('approveTitle', { name })} onClose={onClose}>
        <Notice tone="info">
          <span>{t('gone')}</span>
        </Notice>
        <div class="row end">
          <Button data-autofocus onClick={onClose}>
            {t('close')}
          </Button>
        </div>
      </Dialog>
    );
  }

  const lower = now.role === 'operator' && narrows() ? narrower(now.scopes) : [];
  const scopes = level === 'asked' ? now.scopes : LEVEL_SCOPES[level];
  const lacking = missingFor(now, scopes);
  const remove = () => list.mutate((data) => withoutPending(data, ({ requestId }) => requestId === now.requestId));
  const approve = () =>
    act.run(async () => {
      await call('device.pair.approve', { requestId: now.requestId, ...(level === 'asked' ? {} : { scopes }) });
      remove();
      void loadDevices();
      toast(t('approved', { name }));
      onClose();
    });
  const reject = () =>
    act.run(async () => {
      await call('device.pair.reject', { requestId: now.requestId });
      remove();
      toast(t('rejected', { name }));
      onClose();
    });

  return (
    <Dialog title={t('approveTitle', { name })} onClose={onClose}>
      <p>
        <strong>{t('approveQuestion')}</strong> <span class="muted">{t('approveHint')}</span>
      </p>
      <Words id={now.deviceId} large />
      {placeOf(now.remoteIp) === 'public' && (
        <Notice tone="warn">
          <span>{t('publicWarning')}</span>
        </Notice>
      )}
      <dl class="facts">
        <dt>{t('from')}</dt>
        <dd>{fromWhere(now)}</dd>
        {now.browserOrigin && (
          <>
            <dt>{t('page')}</dt>
            <dd>
              <code>{visible(now.browserOrigin)}</code>
            </dd>
          </>
        )}
        <dt>{t('why')}</dt>
        <dd>{t(`reason.${reasonOf(now, list.data?.paired ?? [])}`)}</dd>
        {now.code && (
          <>
            <dt>{t('code')}</dt>
            <dd>
              <code>{visible(now.code)}</code>
            </dd>
          </>
        )}
        <dt>{t('expires')}</dt>
        <dd>
          <Until at={now.expiresAt} />
        </dd>
        {lower.length === 0 && (
          <>
            <dt>{t('asksFor')}</dt>
            <dd>
              <Wanted roles={[now.role]} scopes={now.scopes} node={now.nodeSurface} />
            </dd>
          </>
        )}
      </dl>
      {lower.length > 0 && (
        <>
          <SelectField
            label={t('giveAccess')}
            value={level}
            options={[['asked', t('asAsked', { level: levelName(levelOf(now.scopes)) })] as const, ...lower.map((one) => [one, levelName(one)] as const)]}
            onChange={setLevel}
            help={levelSentence(levelOf(scopes))}
          />
          <Wanted roles={[now.role]} scopes={scopes} />
        </>
      )}
      {lacking && (
        <Notice tone="warn">
          <span>{t('tooMuch', { scope: lacking })}</span>
        </Notice>
      )}
      {act.failed && (
        <Notice tone="bad">
          <span>{act.failed}</span>
        </Notice>
      )}
      <div class="row end answers">
        <Button data-autofocus onClick={onClose}>
          {t('cancel')}
        </Button>
        <ActionButton scope="operator.pairing" kind="danger" disabled={act.busy} onClick={reject}>
          {t('theyDiffer')}
        </ActionButton>
        <ActionButton scope={lacking ?? 'operator.pairing'} kind="primary" disabled={act.busy} onClick={approve}>
          {t('theyMatch')}
        </ActionButton>
      </div>
      <p class="caption muted">{t('rejectHint')}</p>
    </Dialog>
  );
}

/** Whether the gateway lets an approver give less than was asked for: ours does since it lists clients. */
function narrows(): boolean {
  return has('clients.list');
}

/** The first scope that whoever approves this lacks. */
function missingFor(request: PendingDevice, scopes: readonly Scope[]): Scope | null {
  if (request.role === 'node') return can('operator.admin') ? null : 'operator.admin';
  const held = hello.value?.auth?.scopes ?? [];
  if (request.deviceId === ownDeviceId.value && !can('operator.admin')) return 'operator.admin';
  return scopes.find((scope) => !includes(held, scope)) ?? null;
}
