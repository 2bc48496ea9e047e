import { expect, test } from 'vitest';
import { parse } from './router';

test.each([
  ['/', 'overview', null],
  ['/overview', 'overview', null],
  ['/overview/', 'overview', null],
  ['/devices/abc', 'devices', 'abc'],
  ['/nodes/a%20b', 'nodes', 'a b'],
  ['/nodes/%zz', 'nodes', '%zz'],
  ['/instances', 'clients', null],
  ['/settings/connection', 'access', null],
  ['/settings/devices', 'devices', null],
  ['/approve/7', 'approvals', null],
  ['/chat', null, null],
  ['/logs/abc', null, null],
  ['/devices/a/b', null, null],
])('%s is %s', (path, view, id) => {
  const route = parse(path, '');
  expect([route.view, route.id]).toEqual([view, id]);
});

test('an approval link opens that approval', () => {
  expect(parse('/approve/7', '').query.get('id')).toBe('7');
});
