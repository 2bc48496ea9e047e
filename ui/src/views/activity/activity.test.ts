import { expect, test } from 'vitest';
import { isDeviceId, merge, readEntries, readEntry } from './entry';
import type { Entry } from './entry';
import { toCsv, toJson } from './export';
import { filterEntries, parseFilter } from './filter';

const entry = (more: Partial<Entry>): Entry => ({
  id: 1,
  at: 0,
  kind: 'connect',
  actor: 'control',
  actorName: null,
  object: null,
  objectName: null,
  ip: null,
  result: 'ok',
  detail: null,
  ...more,
});

test('entries of both shapes are read, newest first', () => {
  expect(
    readEntries({
      entries: [
        { id: 1, ts: 5, kind: 'pair.approve', actor: 'control', object: 'r', objectKind: 'request', result: 'ok', ip: '10.0.0.2', detail: { a: 1 } },
        { seq: 2, ts: 6, kind: 'refuse', actor: 'x', subject: null, remote_ip: null, details: {} },
        { nonsense: true },
      ],
    }),
  ).toEqual([
    entry({ id: 2, at: 6, kind: 'refuse', actor: 'x', result: 'denied', detail: {} }),
    entry({ id: 1, at: 5, kind: 'pair.approve', object: 'r', ip: '10.0.0.2', detail: { a: 1 } }),
  ]);
  expect(readEntries(null)).toEqual([]);
});

test.each([
  ['connect', 'ok'],
  ['refuse', 'denied'],
  ['pair.reject', 'denied'],
  ['pair.expire', 'expired'],
])('%s without a result is %s', (kind, result) => {
  expect(readEntry({ id: 1, kind })?.result).toBe(result);
});

test('lines that come twice are shown once', () => {
  const [a, b, c] = [entry({ id: 1 }), entry({ id: 2 }), entry({ id: 3 })];
  expect(merge([c, b], [b, a])).toEqual([c, b, a]);
});

test('the filter of the address', () => {
  const lines = [entry({ id: 3, kind: 'pair.approve', objectName: 'Attic' }), entry({ id: 2, kind: 'refuse', result: 'denied' }), entry({ id: 1, kind: 'pairing' })];
  const ids = (query: string) => filterEntries(lines, parseFilter(new URLSearchParams(query)), ({ kind }) => `says ${kind}`).map(({ id }) => id);
  expect(ids('')).toEqual([3, 2, 1]);
  expect(ids('kind=pairing')).toEqual([3]);
  expect(ids('kind=signIns')).toEqual([2]);
  expect(ids('kind=nonsense')).toEqual([3, 2, 1]);
  expect(ids('result=denied')).toEqual([2]);
  expect(ids('q=attic')).toEqual([3]);
  expect(ids('q=says refuse')).toEqual([2]);
});

test('exports keep secrets and formulas out', () => {
  const lines = [entry({ actorName: '=HYPERLINK("x")', detail: { token: 'abc', port: 1 } }), entry({ id: 2, object: '-1,2' })];
  expect(toCsv(lines)).toBe(
    [
      'id,time,kind,result,actor,actorName,object,objectName,ip,detail',
      `1,1970-01-01T00:00:00.000Z,connect,ok,control,"'=HYPERLINK(""x"")",,,,"{""token"":""••••••"",""port"":1}"`,
      `2,1970-01-01T00:00:00.000Z,connect,ok,control,,"'-1,2",,,`,
      '',
    ].join('\r\n'),
  );
  expect(toJson(lines)).toContain('"token": "••••••"');
});

test('device ids are told from other ids', () => {
  expect(isDeviceId('a'.repeat(64))).toBe(true);
  expect(isDeviceId('04d7d540-e5cf-477d-b4bf-0e85b036b902')).toBe(false);
});
