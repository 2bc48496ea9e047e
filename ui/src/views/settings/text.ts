import { messages } from '../../text/messages';

export const t = messages('settings', {
  title: 'Settings',
});
