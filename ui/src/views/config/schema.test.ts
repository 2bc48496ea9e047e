import { expect, test } from 'vitest';
import { MASK, dotted } from '../../gateway/config-edit';
import type { Json } from '../../gateway/config-edit';
import { check, issuesOf, unknownKeys } from './schema';
import type { Schema } from './schema';

const schema: Schema = {
  type: 'object',
  properties: {
    port: { type: 'integer', minimum: 1, maximum: 65535 },
    bind: { type: 'string', examples: ['lan', 'loopback'], pattern: '^(lan|loopback)$|[0-9:]' },
    mode: { type: 'string', enum: ['off', 'self'] },
    origins: { type: 'array', items: { type: 'string' } },
    name: { type: 'string', maxLength: 3 },
    open: { type: 'object', properties: {}, additionalProperties: { type: 'string' } },
    kept: {},
  },
};

test.each<readonly [Json, readonly string[]]>([
  [{ port: 1, bind: 'lan', mode: 'self', origins: ['a'], name: 'abc', open: { x: 'y' }, kept: [1, { a: 2 }] }, []],
  [{ port: '1' }, ['port type integer']],
  [{ port: 0 }, ['port least 1']],
  [{ port: 70000 }, ['port most 65535']],
  [{ port: 1.5 }, ['port type integer']],
  [{ bind: 'wg0' }, []],
  [{ bind: 'everywhere' }, ['bind choice lan, loopback']],
  [{ mode: 'x' }, ['mode choice off, self']],
  [{ origins: ['a', 1] }, ['origins.1 type string']],
  [{ name: 'abcd' }, ['name long 3']],
  [{ open: { x: 1 } }, ['open.x type string']],
  [{ mode: '${MODE}', name: MASK }, []],
])('%j', (value, problems) => {
  expect(check(schema, value).map(({ path, kind, expected }) => `${dotted(path)} ${kind} ${expected}`)).toEqual(problems);
});

test('keys that nobody knows are found, in open objects they are not', () => {
  expect(unknownKeys(schema, { prot: 1, open: { x: 'y' }, kept: { z: 1 } }).map(dotted)).toEqual(['prot']);
});

test('keys that are kept unread, and objects that hold any key, are no slips', () => {
  const open: Schema = { properties: { tls: { type: 'object', properties: { on: { type: 'boolean' } } } }, 'x-kept': ['agents', 'tls'] };
  expect(unknownKeys(open, { agents: { a: 1 }, tls: { on: true, more: 1 }, agent: 1 }).map(dotted)).toEqual(['agent']);
});

test('issues of a refusal', () => {
  expect(issuesOf({ issues: [{ path: 'gateway.port', message: 'no' }, 7] })).toEqual([{ path: 'gateway.port', message: 'no' }]);
  expect(issuesOf(undefined)).toEqual([]);
});
