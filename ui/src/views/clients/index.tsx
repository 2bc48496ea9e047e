import { Page } from '../../parts/page';
import { t } from './text';

export function Clients() {
  return <Page title={t('title')}>{null}</Page>;
}
