// What can be done about one device, each with a dialog that says what follows.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { loadDevices } from '../../app/waiting';
import type { PairedDevice } from '../../gateway/devices';
import { isRaw } from '../../gateway/devices';
import { call, has, ownDeviceId } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { Segments, TextField } from '../../parts/field';
import { Notice } from '../../parts/states';
import { deviceName } from '../../text/access';
import { useAct } from './act';
import type { Act } from './act';
import { t } from './text';

export type Action = 'rename' | 'rotate' | 'revoke' | 'signOut' | 'remove';

function usableRoles(device: PairedDevice): readonly string[] {
  return device.tokens.filter(({ revokedAt }) => revokedAt === null).map(({ role }) => role);
}

/** What the gateway offers for this device, mildest first. */
export function actionsFor(device: PairedDevice): readonly Action[] {
  const roles = usableRoles(device).length;
  return [
    ...(has('device.pair.rename') ? (['rename'] as const) : []),
    ...(roles > 0 ? (['rotate', 'revoke'] as const) : []),
    ...(roles > 1 ? (['signOut'] as const) : []),
    ...(has('device.pair.remove') ? (['remove'] as const) : []),
  ];
}

interface ActionProps {
  device: PairedDevice;
  /** `done`: it happened. */
  onClose: (done?: boolean) => void;
  /** Role that the person pointed at; else the first. */
  role?: string | undefined;
}

export function ActionDialog({ action, ...props }: ActionProps & { action: Action }) {
  switch (action) {
    case 'rename':
      return <Rename {...props} />;
    case 'rotate':
      return <Rotate {...props} />;
    case 'revoke':
      return <Revoke {...props} />;
    case 'signOut':
      return <SignOut {...props} />;
    case 'remove':
      return <Remove {...props} />;
  }
}

/** A question with the reason of a failure and two answers; the harmless one has the focus. */
function Question({ title, act, verb, danger, onAct, onClose, children }: { title: string; act: Act; verb: string; danger?: boolean; onAct: () => void; onClose: () => void; children: ComponentChildren }) {
  return (
    <Dialog title={title} onClose={() => onClose()}>
      {children}
      <Failed act={act} />
      <div class="row end answers">
        <Button data-autofocus onClick={() => onClose()}>
          {t('cancel')}
        </Button>
        <ActionButton scope="operator.pairing" kind={danger ? 'danger' : 'primary'} disabled={act.busy} onClick={onAct}>
          {verb}
        </ActionButton>
      </div>
    </Dialog>
  );
}

function Failed({ act }: { act: Act }) {
  if (act.failed === null) return null;
  return (
    <Notice tone="bad">
      <span>{act.failed}</span>
    </Notice>
  );
}

function OwnWarning({ device, words }: { device: PairedDevice; words: string }) {
  if (device.deviceId !== ownDeviceId.value) return null;
  return (
    <Notice tone="warn">
      <span>{words}</span>
    </Notice>
  );
}

function Rename({ device, onClose }: ActionProps) {
  const act = useAct();
  const [name, setName] = useState(device.operatorLabel ?? device.displayName ?? '');
  const save = (event: Event) => {
    event.preventDefault();
    const label = name.trim();
    if (label === '') return;
    act.run(async () => {
      await call('device.pair.rename', { deviceId: device.deviceId, label });
      await loadDevices();
      toast(t('renamed', { name: label }));
      onClose();
    });
  };
  return (
    <Dialog title={t('renameTitle', { name: deviceName(device) })} onClose={() => onClose()}>
      <form class="stack" onSubmit={save}>
        <TextField label={t('renameLabel')} help={t('renameHelp')} value={name} maxLength={64} data-autofocus onInput={(event) => setName(event.currentTarget.value)} />
        <Failed act={act} />
        <div class="row end answers">
          <Button onClick={() => onClose()}>{t('cancel')}</Button>
          <ActionButton scope="operator.pairing" kind="primary" type="submit" disabled={act.busy || name.trim() === ''}>
            {t('save')}
          </ActionButton>
        </div>
      </form>
    </Dialog>
  );
}

function RoleChoice({ device, role, onChange }: { device: PairedDevice; role: string; onChange: (role: string) => void }) {
  const roles = usableRoles(device);
  if (roles.length < 2) return null;
  return <Segments label={t('role')} value={role} options={roles.map((one) => [one, one] as const)} onChange={onChange} />;
}

function Rotate({ device, onClose, role: given }: ActionProps) {
  const act = useAct();
  const [role, setRole] = useState(given ?? usableRoles(device)[0] ?? 'operator');
  const [token, setToken] = useState<string | null | undefined>(undefined);
  const name = deviceName(device);
  if (token !== undefined) return <Rotated token={token} role={role} own={device.deviceId === ownDeviceId.value} onClose={() => onClose()} />;
  return (
    <Question
      title={t('rotateTitle', { name })}
      act={act}
      verb={t('rotateNow')}
      onClose={() => onClose()}
      onAct={() =>
        act.run(async () => {
          const answer = await call('device.token.rotate', { deviceId: device.deviceId, role });
          const value = isRaw(answer) ? answer['token'] : null;
          setToken(typeof value === 'string' ? value : null);
          void loadDevices();
        })
      }
    >
      <RoleChoice device={device} role={role} onChange={setRole} />
      <p>{t('rotateWhat', { role })}</p>
      <p class="muted">{t('rotateOther')}</p>
    </Question>
  );
}

/** The new token, masked, once. It is gone from the page when the dialog closes. */
function Rotated({ token, role, own, onClose }: { token: string | null; role: string; own: boolean; onClose: () => void }) {
  const [shown, setShown] = useState(false);
  useEffect(() => {
    if (!shown) return undefined;
    const timer = setTimeout(() => setShown(false), 30_000);
    return () => clearTimeout(timer);
  }, [shown]);
  return (
    <Dialog title={t('rotated', { role })} onClose={() => onClose()}>
      {own ? (
        <p>{t('rotatedOwn')}</p>
      ) : token === null ? (
        <p>{t('rotatedWithheld')}</p>
      ) : (
        <>
          <p>{t('rotatedShown')}</p>
          <div class="field">
            <span class="label">{t('newToken')}</span>
            <div class="input-group">
              <code class="input secret" data-secret>
                {shown ? token : '•'.repeat(24)}
              </code>
              <Button icon="eye" iconOnly aria-pressed={shown} onClick={() => setShown(!shown)}>
                {t('newToken')}
              </Button>
              <Button icon="copy" iconOnly onClick={() => void copyText(token, null)}>
                {t('copyToken')}
              </Button>
            </div>
          </div>
        </>
      )}
      <div class="row end">
        <Button data-autofocus kind="primary" onClick={() => onClose()}>
          {t('done')}
        </Button>
      </div>
    </Dialog>
  );
}

function Revoke({ device, onClose, role: given }: ActionProps) {
  const act = useAct();
  const [role, setRole] = useState(given ?? usableRoles(device)[0] ?? 'operator');
  const name = deviceName(device);
  return (
    <Question
      title={t('revokeTitle', { name })}
      act={act}
      verb={t('revokeNow')}
      danger
      onClose={() => onClose()}
      onAct={() =>
        act.run(async () => {
          await call('device.token.revoke', { deviceId: device.deviceId, role });
          toast(t('wasRevoked', { name }));
          onClose();
          await loadDevices();
        })
      }
    >
      <RoleChoice device={device} role={role} onChange={setRole} />
      <p>{t(has('device.pair.remove') ? 'revokeWhat' : 'revokeWhatOld', { role })}</p>
      <OwnWarning device={device} words={t('revokeOwn')} />
    </Question>
  );
}

function SignOut({ device, onClose }: ActionProps) {
  const act = useAct();
  const name = deviceName(device);
  const roles = usableRoles(device);
  return (
    <Question
      title={t('signOutTitle', { name })}
      act={act}
      verb={t('signOutNow')}
      danger
      onClose={() => onClose()}
      onAct={() =>
        act.run(async () => {
          // The operator's last: with it this very connection may end.
          for (const role of roles.toSorted()) await call('device.token.revoke', { deviceId: device.deviceId, role });
          toast(t('wasSignedOut', { name }));
          onClose();
          await loadDevices();
        })
      }
    >
      <p>{t('signOutWhat', { n: roles.length })}</p>
      <OwnWarning device={device} words={t('revokeOwn')} />
    </Question>
  );
}

function Remove({ device, onClose }: ActionProps) {
  const act = useAct();
  const name = deviceName(device);
  return (
    <Question
      title={t('removeTitle', { name })}
      act={act}
      verb={t('removeNow')}
      danger
      onClose={() => onClose()}
      onAct={() =>
        act.run(async () => {
          await call('device.pair.remove', { deviceId: device.deviceId });
          toast(t('wasRemoved', { name }));
          onClose(true);
          await loadDevices();
        })
      }
    >
      <p>{t('removeWhat')}</p>
      <OwnWarning device={device} words={t('revokeOwn')} />
    </Question>
  );
}
