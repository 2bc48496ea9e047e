import { expect, test } from 'vitest';
import { whatIs } from './stored';

test.each([
  ['local', 'openclaw.control.settings.v2', 'settings'],
  ['local', 'openclaw.control.gateways.v1', 'gateways'],
  ['local', 'openclaw-device-identity-v1', 'deviceKey'],
  ['local', 'openclaw.device.auth.v1:ws://127.0.0.1:18789', 'deviceToken'],
  ['session', 'openclaw.control.secret:ws://127.0.0.1:18789', 'secret'],
  ['local', 'openclaw.control.notify', 'notify'],
  ['session', 'openclaw.control.gateway', 'place'],
  ['session', 'openclaw.config-schema', 'schema'],
  ['session', 'openclaw.pending-change', 'change'],
  ['database', 'openclaw-ui', 'deviceKey'],
  ['local', 'openclaw.anything', 'other'],
] as const)('%s %s holds %s', (where, key, what) => {
  expect(whatIs(where, key)).toBe(what);
});
