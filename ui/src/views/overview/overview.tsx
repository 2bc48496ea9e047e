import { Page } from '../../parts/page';
import { t } from './text';

export function Overview() {
  return (
    <Page title={t('title')} sentence={t('sentence')}>
      {null}
    </Page>
  );
}
