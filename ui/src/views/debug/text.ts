import { messages } from '../../text/messages';

export const t = messages('debug', {
  title: 'Debug',
});
