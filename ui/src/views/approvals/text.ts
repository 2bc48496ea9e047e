import { messages } from '../../text/messages';

export const t = messages('approvals', {
  title: 'Approvals',
});
