import { messages } from '../../text/messages';

export const t = messages('overview', {
  title: 'Overview',
  sentence: 'Is it up, is it reachable, is it safe, does anything wait for you.',
});
