import { messages } from '../../text/messages';

export const t = messages('access', {
  title: 'Access',
});
