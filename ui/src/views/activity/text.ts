import { messages } from '../../text/messages';

export const t = messages('activity', {
  title: 'Activity',
});
