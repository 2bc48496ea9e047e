import { Page } from '../../parts/page';
import { t } from './text';

export function Approvals() {
  return <Page title={t('title')}>{null}</Page>;
}
