import { Page } from '../../parts/page';
import { t } from './text';

export function Debug() {
  return <Page title={t('title')}>{null}</Page>;
}
