import { messages } from '../../text/messages';

export const t = messages('config', {
  title: 'Config',
});
