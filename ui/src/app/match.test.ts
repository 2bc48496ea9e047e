import { expect, test } from 'vitest';
import { rank, score } from './match';

const names = ['Overview', 'Access', 'Devices', 'Nodes', 'Approvals', 'Clients', 'Activity', 'Logs', 'Config', 'Attic server', 'Use the dark theme', 'Copy the SSH command'];

test.each([
  ['', 'Overview'],
  ['dev', 'Devices'],
  ['DEVICES', 'Devices'],
  ['dark', 'Use the dark theme'],
  ['theme dark', 'Use the dark theme'],
  ['cssh', 'Copy the SSH command'],
  ['server', 'Attic server'],
  ['lg', 'Logs'],
])('%j finds %s first', (query, name) => {
  expect(rank(query, names, (text) => text, 5)[0]).toBe(name);
});

test('what does not fit is left out', () => {
  expect(score('xyz', 'Devices')).toBeNull();
  expect(score('ice', 'Devices')).not.toBeNull();
  expect(rank('zzz', names, (text) => text, 5)).toEqual([]);
  expect(rank('', names, (text) => text, 5)).toHaveLength(5);
});
