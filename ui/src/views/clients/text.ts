import { messages } from '../../text/messages';

export const t = messages('clients', {
  title: 'Clients',
});
