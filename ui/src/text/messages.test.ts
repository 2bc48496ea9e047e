import { expect, test } from 'vitest';
import { format, messages } from './messages';

test('values, plurals and nesting', () => {
  const t = messages('test', {
    hello: 'Hello {name}',
    devices: '{n, plural, =0 {No device waits} one {# device waits for {who}} other {# devices wait for {who}}}',
  });
  expect(t('hello', { name: 'attic' })).toBe('Hello attic');
  expect(t('devices', { n: 0 })).toBe('No device waits');
  expect(t('devices', { n: 1, who: 'you' })).toBe('1 device waits for you');
  expect(t('devices', { n: 1200, who: 'you' })).toBe('1,200 devices wait for you');
});

test('a value that is missing stays visible', () => {
  expect(format('port {port}', undefined, 'en')).toBe('port {port}');
  expect(format('open {brace', {}, 'en')).toBe('open {brace}');
});
