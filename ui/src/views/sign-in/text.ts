import { messages } from '../../text/messages';

export const t = messages('sign-in', {
  title: 'Sign in to {host}',
  token: 'Token',
  connect: 'Connect',
  connecting: 'Connecting to {host}',
});
