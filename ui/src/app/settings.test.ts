import { expect, test } from 'vitest';
import { readSettings } from './settings';

test('settings that do not fit are as if they were not there', () => {
  const defaults = readSettings(null);
  expect(defaults).toEqual({ theme: 'system', density: 'normal', locale: 'en', timeFormat: 'auto', motion: 'system', shortcuts: true });
  expect(readSettings({ theme: 'pink', density: 3, locale: 'xx', shortcuts: 'yes' })).toEqual(defaults);
  expect(readSettings({ theme: 'dark', timeFormat: '24', shortcuts: false })).toEqual({ ...defaults, theme: 'dark', timeFormat: '24', shortcuts: false });
});
