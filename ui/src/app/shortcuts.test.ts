import { expect, test } from 'vitest';
import { actionOf } from './shortcuts';

const plain = { ctrlKey: false, metaKey: false, altKey: false };
const page = { typing: false, dialog: false, afterG: false, single: true };

test.each([
  ['k with Ctrl', { ...plain, key: 'k', ctrlKey: true }, page, { do: 'palette' }],
  ['K with Cmd, in a field', { ...plain, key: 'K', metaKey: true }, { ...page, typing: true }, { do: 'palette' }],
  ['?', { ...plain, key: '?' }, page, { do: 'help' }],
  ['/', { ...plain, key: '/' }, page, { do: 'filter' }],
  ['.', { ...plain, key: '.' }, page, { do: 'retry' }],
  ['g', { ...plain, key: 'g' }, page, { do: 'wait' }],
  ['g l', { ...plain, key: 'l' }, { ...page, afterG: true }, { do: 'go', view: 'logs' }],
  ['g z', { ...plain, key: 'z' }, { ...page, afterG: true }, null],
  ['l alone', { ...plain, key: 'l' }, page, null],
  ['/ in a field', { ...plain, key: '/' }, { ...page, typing: true }, null],
  ['/ over a dialog', { ...plain, key: '/' }, { ...page, dialog: true }, null],
  ['/ switched off', { ...plain, key: '/' }, { ...page, single: false }, null],
  ['Alt and /', { ...plain, key: '/', altKey: true }, page, null],
])('%s', (_, pressed, where, action) => {
  expect(actionOf(pressed, where)).toEqual(action);
});
