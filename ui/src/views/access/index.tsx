import { Page } from '../../parts/page';
import { t } from './text';

export function Access() {
  return <Page title={t('title')}>{null}</Page>;
}
