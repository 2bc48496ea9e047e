import { Page } from '../../parts/page';
import { t } from './text';

export function Devices() {
  return <Page title={t('title')}>{null}</Page>;
}
