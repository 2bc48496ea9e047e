import { Page } from '../../parts/page';
import { t } from './text';

export function Config() {
  return <Page title={t('title')}>{null}</Page>;
}
