import type { Standing } from '../../gateway/config-risk';
import { Icon } from '../../parts/icon';
import type { IconName } from '../../parts/icon';
import { Card } from '../../parts/page';
import { Chip } from '../../parts/states';
import type { RemoteStatus } from '../config/data';
import { hops } from './reach';
import type { Hop } from './reach';
import { t } from './text';

const ICONS: Readonly<Record<Hop['kind'], IconName>> = {
  browser: 'browser',
  local: 'home',
  tunnel: 'terminal',
  tailscale: 'globe',
  proxy: 'nodes',
  network: 'link',
  gateway: 'access',
};

/** The path from this browser to the gateway, place by place. */
export function Reached({ status, here }: { status: RemoteStatus; here: Standing }) {
  return (
    <Card title={t('reachedTitle')}>
      <ol class="hops">
        {hops(here, status).map((hop) => (
          <li key={hop.kind} class="hop">
            <Icon name={ICONS[hop.kind]} />
            <strong>{t(`hop-${hop.kind}`)}</strong>
            <span class="small muted break">{hop.label}</span>
            <Chip tone={hop.tone}>{t(`state-${hop.state}`)}</Chip>
          </li>
        ))}
      </ol>
      <p class="muted small listen">
        {t('listens')}{' '}
        {status.listen.map((address, index) => (
          <span key={address}>
            {index > 0 && ', '}
            <code>{address}</code>
          </span>
        ))}
      </p>
    </Card>
  );
}
