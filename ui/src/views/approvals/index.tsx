import { pendingApprovals } from '../../app/waiting';
import { Page } from '../../parts/page';
import { Tabs } from '../../parts/tabs';
import './approvals.css';
import { History } from './history';
import { Policy } from './policy';
import { t } from './text';
import { Waiting } from './waiting';

export function Approvals() {
  return (
    <Page title={t('title')} sentence={t('sentence')}>
      <Tabs
        label={t('title')}
        tabs={[
          { key: 'waiting', title: t('waiting'), count: pendingApprovals.value.length },
          { key: 'policy', title: t('policy') },
          { key: 'history', title: t('history') },
        ]}
      >
        {(tab) => (tab === 'policy' ? <Policy /> : tab === 'history' ? <History /> : <Waiting />)}
      </Tabs>
    </Page>
  );
}
