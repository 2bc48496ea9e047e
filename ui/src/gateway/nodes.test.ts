import { expect, test } from 'vitest';
import { families, isOlder, nodeOf, readNode, readNodes } from './nodes';

test('an entry of 2026.1.30 lacks members, and is read all the same', () => {
  const [node] = readNodes({ ts: 1, nodes: [{ nodeId: 'a', caps: ['system'], commands: ['system.run'], paired: true, connected: true, connectedAtMs: 7 }] });
  expect(node).toMatchObject({ id: 'a', name: null, commands: ['system.run'], lastSeenAt: 7, waits: false, streams: false, stats: null });
  expect(readNodes(null)).toEqual([]);
});

test('connected nodes come first, then by name', () => {
  const nodes = [
    { nodeId: '1', displayName: 'zoo', connected: true },
    { nodeId: '2', displayName: 'attic', connected: false },
    { nodeId: '3', displayName: 'barn', connected: true },
  ];
  expect(readNodes({ nodes }).map(({ name }) => name)).toEqual(['barn', 'zoo', 'attic']);
});

test('commands by family', () => {
  expect(families(['system.run', 'camera.snap', 'system.which', 'ping'])).toEqual([
    { name: 'camera', commands: ['camera.snap'] },
    { name: 'ping', commands: ['ping'] },
    { name: 'system', commands: ['system.run', 'system.which'] },
  ]);
});

test.each([
  ['2026.1.30', '2026.9.6', true],
  ['0.1.0', '0.1.0', false],
  ['0.1', '0.1.1', true],
  ['v1.10', '1.9', false],
  ['dev', '1.0', false],
  [null, '1.0', false],
])('%s is older than %s: %s', (version, than, older) => {
  expect(isOlder(version, than)).toBe(older);
});

test.each([
  ['node attic (84c860a7)', null, 'attic'],
  ['node 84c860a7', null, 'attic'],
  ['gateway', null, null],
  [null, `84c860a7${'0'.repeat(56)}`, 'attic'],
  ['node other (11111111)', null, null],
])('%s, %s is node %s', (host, id, name) => {
  const attic = readNode({ nodeId: `84c860a7${'0'.repeat(56)}`, displayName: 'attic' });
  expect(nodeOf(host, id, [attic])?.name ?? null).toBe(name);
});
