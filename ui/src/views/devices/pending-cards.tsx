import { setQuery } from '../../app/router';
import { placeOf } from '../../gateway/address';
import { reasonOf } from '../../gateway/devices';
import type { DeviceList, PendingDevice } from '../../gateway/devices';
import { Button } from '../../parts/button';
import { Icon } from '../../parts/icon';
import { Chip } from '../../parts/states';
import { Ago, Until } from '../../parts/time';
import { Words } from '../../parts/words';
import { accessName, deviceName } from '../../text/access';
import { fromWhere, iconOf, Wanted } from './facts';
import { t } from './text';

/** Requests to be let in, oldest first: a new one comes last and moves nothing. */
export function PendingCards({ list }: { list: DeviceList }) {
  if (list.pending.length === 0) return null;
  const ordered = list.pending.toSorted((a, b) => a.ts - b.ts);
  return (
    <section class="stack" aria-labelledby="pending-heading">
      <h2 id="pending-heading">{t('pending')}</h2>
      <div class="pending-cards">
        {ordered.map((request) => (
          <PendingCard key={request.deviceId + request.role} request={request} list={list} />
        ))}
      </div>
    </section>
  );
}

function PendingCard({ request, list }: { request: PendingDevice; list: DeviceList }) {
  const isPublic = placeOf(request.remoteIp) === 'public';
  return (
    <article class="card pending-card" aria-label={deviceName(request)}>
      <div class="row between">
        <h3 class="device-name">
          <Icon name={iconOf(request)} />
          {deviceName(request)}
        </h3>
        <Chip tone={request.scopes.includes('operator.admin') ? 'warn' : undefined}>{accessName(request.role === 'node' ? ['node'] : [], request.scopes)}</Chip>
      </div>
      <Words id={request.deviceId} large />
      <dl class="facts">
        <dt>{t('from')}</dt>
        <dd>{isPublic ? <Chip tone="warn">{fromWhere(request)}</Chip> : fromWhere(request)}</dd>
        <dt>{t('asksFor')}</dt>
        <dd>
          <Wanted roles={[request.role]} scopes={request.scopes} node={request.nodeSurface} />
        </dd>
        <dt>{t('why')}</dt>
        <dd>{t(`reason.${reasonOf(request, list.paired)}`)}</dd>
        <dt>{t('asked')}</dt>
        <dd>
          <Ago at={request.ts} />
        </dd>
        <dt>{t('expires')}</dt>
        <dd>
          <Until at={request.expiresAt} />
        </dd>
      </dl>
      <div class="row end">
        <Button kind="primary" onClick={() => setQuery({ request: request.requestId })}>
          {t('compare')}
        </Button>
      </div>
    </article>
  );
}
