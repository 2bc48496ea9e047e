import './overview.css';
import { lookForPending } from '../../app/pending-settings';
import { nodeRequests, deviceList, pendingApprovals } from '../../app/waiting';
import { useResource } from '../../gateway/resource';
import { readRemote } from '../../gateway/remote';
import { call, can, live } from '../../gateway/session';
import { lazy, WhenSeen } from '../../parts/lazy';
import { Card, Page } from '../../parts/page';
import { Skeleton } from '../../parts/states';
import { href } from '../../app/router';
import { GatewayCard } from './gateway-card';
import { ReachCard } from './reach-card';
import { t } from './text';
import { WaitingCard } from './waiting-card';

// Below what most screens show at first.
const RepairsCard = lazy(() => import('./repairs-card').then((module) => module.RepairsCard), <Skeleton />);
const NodesStrip = lazy(() => import('./nodes-strip').then((module) => module.NodesStrip), <Skeleton />);
const LastEvents = lazy(() => import('./last-events').then((module) => module.LastEvents), <Skeleton />);

export function Overview() {
  const remote = useResource({
    key: 'remote.status',
    method: 'remote.status',
    scope: 'operator.read',
    events: ['config.changed'],
    load: async () => {
      const answer = await call('remote.status', {});
      lookForPending(answer);
      return readRemote(answer, Date.now());
    },
  });
  return (
    <Page title={t('title')} sentence={sentence(remote.data?.findings.filter(({ severity }) => severity !== 'info').length ?? 0)}>
      <WaitingCard />
      <div class="overview-pair">
        <GatewayCard />
        <ReachCard remote={remote} />
      </div>
      <WhenSeen waiting={<Skeleton />}>{() => <RepairsCard remote={remote} />}</WhenSeen>
      <WhenSeen waiting={<Skeleton />}>{() => <NodesStrip />}</WhenSeen>
      <Card title={t('events')} side={<a href={href('/activity')}>{t('allEvents')}</a>}>
        <WhenSeen waiting={<Skeleton />}>{() => <LastEvents />}</WhenSeen>
      </Card>
    </Page>
  );
}

function sentence(repairs: number): string {
  if (!live.value) return t('gone');
  const waiting = (deviceList().data?.pending.length ?? 0) + nodeRequests.value.length + pendingApprovals.value.length;
  if (waiting > 0) return t('asks', { n: waiting });
  if (!can('operator.pairing') && !can('operator.approvals')) return repairs > 0 ? t('upRepairs', { n: repairs }) : t('isUp');
  return repairs > 0 ? t('calmRepairs', { n: repairs }) : t('calm');
}
