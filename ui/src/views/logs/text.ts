import { messages } from '../../text/messages';

export const t = messages('logs', {
  title: 'Logs',
});
