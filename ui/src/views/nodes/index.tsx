import { Page } from '../../parts/page';
import { t } from './text';

export function Nodes() {
  return <Page title={t('title')}>{null}</Page>;
}
