import { messages } from '../../text/messages';

export const t = messages('nodes', {
  title: 'Nodes',
});
