import { Page } from '../../parts/page';
import { t } from './text';

export function Activity() {
  return <Page title={t('title')}>{null}</Page>;
}
