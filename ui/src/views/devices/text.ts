import { messages } from '../../text/messages';

export const t = messages('devices', {
  title: 'Devices',
});
