import { messages } from '../../text/messages';

export const t = messages('keep', {
  title: 'Keep these settings?',
  left: '{n} s left',
  due: 'taking them back…',
  spoken: 'Keep these settings? {n} seconds left.',
  changed: 'You changed',
  changedBy: '{by} changed',
  somebody: 'Somebody',
  away: 'This browser does not reach the gateway now. Do nothing: the gateway takes the settings back by itself, and this page comes back.',
  checking: 'Checking that this browser still gets in…',
  checkOk: 'A new connection from this browser gets in.',
  checkFailed: 'A new connection from this browser does not get in; only the present one is still open. Take the settings back unless you know another way in.',
  takeBack: 'Take back now',
  keep: 'Keep',
  keepAnyway: 'Keep anyway',
  failed: 'The gateway did not take the answer: {message}',
  confirmed: 'The settings stay.',
  reverted: 'The gateway took the settings back: nobody confirmed them in time, or somebody chose so.',
  tookBack: 'You took the settings back.',
  kept: 'Nobody confirmed the settings, but the file was changed again meanwhile, so it stays as it is now.',
  understood: 'OK',
});
