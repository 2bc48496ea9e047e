import { Page } from '../../parts/page';
import { t } from './text';

export function SettingsView() {
  return <Page title={t('title')}>{null}</Page>;
}
