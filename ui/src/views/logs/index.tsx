import { Page } from '../../parts/page';
import { t } from './text';

export function Logs() {
  return <Page title={t('title')}>{null}</Page>;
}
