// From where the gateway can be reached, and a way to open this page elsewhere.

import { useState } from 'preact/hooks';
import { basePath } from '../../app/base';
import { href } from '../../app/router';
import { placeOf } from '../../gateway/address';
import { isLoopback, shareable } from '../../gateway/remote';
import type { RemoteStatus } from '../../gateway/remote';
import type { Resource } from '../../gateway/resource';
import { Button } from '../../parts/button';
import { Command, CopyValue } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { Card } from '../../parts/page';
import { Qr } from '../../parts/qr';
import { AsOf, Chip, Load } from '../../parts/states';
import { addressWith } from '../../text/access';
import { dateTime } from '../../text/time';
import { t } from './text';

export function ReachCard({ remote }: { remote: Resource<RemoteStatus> }) {
  const [open, setOpen] = useState(false);
  return (
    <Card
      title={t('reach')}
      side={
        <>
          <AsOf of={remote} />
          <Button size="small" icon="phone" onClick={() => setOpen(true)}>
            {t('phone')}
          </Button>
        </>
      }
    >
      {remote.missing ? (
        <p class="muted">{t('old', { origin: location.origin })}</p>
      ) : (
        <Load of={remote} lines={4}>
          {(status) => <Facts status={status} />}
        </Load>
      )}
      {open && <OnPhone url={shareable(remote.data, location, basePath)} onClose={() => setOpen(false)} />}
    </Card>
  );
}

function Facts({ status }: { status: RemoteStatus }) {
  const { tailscale, tls, you } = status;
  const others = status.listen.filter((address) => !isLoopback(address));
  const addresses = [...others, ...status.listen.filter(isLoopback)];
  return (
    <>
      <dl class="facts">
        <dt>{t('who')}</dt>
        <dd>{who(status)}</dd>
        <dt>{t('addresses')}</dt>
        <dd>
          <ul class="plain">
            {addresses.slice(0, 6).map((address) => (
              <li key={address}>
                <code>{address}</code>
              </li>
            ))}
          </ul>
        </dd>
        <dt>{t('encryption')}</dt>
        <dd>{encryption(tls, others.length > 0)}</dd>
        <dt>{t('tailscale')}</dt>
        <dd>
          {tailscale.url ? <CopyValue text={tailscale.url} label={t('copyLink')} /> : tailscaleWords(status)}
        </dd>
        <dt>{t('you')}</dt>
        <dd>{you.ip ? t('cameFrom', { via: via(you.via), ip: addressWith(you.ip, placeOf(you.ip)) }) : via(you.via)}</dd>
      </dl>
      <a href={href('/access')}>{t('toAccess')}</a>
    </>
  );
}

function who({ bind, listen, tailscale }: RemoteStatus): string {
  const local = listen.every(isLoopback);
  if (local && tailscale.part?.state === 'up' && (tailscale.mode === 'serve' || tailscale.mode === 'funnel')) return t(`bind.${tailscale.mode}`);
  if (local) return t('bind.loopback');
  return bind === 'lan' || bind === 'tailnet' || bind === 'custom' ? t(`bind.${bind}`) : t('bind.auto');
}

function encryption(tls: RemoteStatus['tls'], open: boolean) {
  if (tls.on) return tls.notAfter ? t(tls.selfMade ? 'tlsSelf' : 'tlsUntil', { date: dateTime(tls.notAfter) }) : t('tlsOn');
  return open ? <Chip tone="warn">{t('tlsOff')}</Chip> : t('tlsLocal');
}

function tailscaleWords({ tailscale: { mode, part } }: RemoteStatus) {
  switch (part?.state) {
    case 'up':
      return part.detail ?? mode;
    case 'starting':
      return t('tailscale.starting');
    case 'stopping':
      return t('tailscale.stopping');
    case 'degraded':
      return <Chip tone="warn">{part.detail ?? mode}</Chip>;
    default:
      return mode === 'off' ? t('tailscale.off') : mode;
  }
}

function via(name: string): string {
  switch (name) {
    case 'control':
    case 'loopback':
    case 'tailscale':
    case 'proxy':
    case 'tailnet':
    case 'lan':
    case 'internet':
    case 'identity':
      return t(`via.${name}`);
    default:
      return t('via.network');
  }
}

function OnPhone({ url, onClose }: { url: string | null; onClose: () => void }) {
  return (
    <Dialog title={t('phoneTitle')} onClose={onClose}>
      {url ? (
        <>
          <p>{t('phoneWords')}</p>
          <Qr text={url} label={t('qrLabel', { url })} />
          <Command text={url} label={t('copyLink')} />
        </>
      ) : (
        <p>{t('phoneNowhere')}</p>
      )}
      <div class="row end">
        {!url && (
          <a class="button" href={href('/access')}>
            {t('chooseWay')}
          </a>
        )}
        <Button data-autofocus onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}
