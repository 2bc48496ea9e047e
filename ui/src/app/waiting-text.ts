import { messages } from '../text/messages';

export const t = messages('waiting', {
  deviceArrived: '{name} asks to be let in',
  nodeArrived: 'Node {name} asks to offer its commands',
  approvalArrived: 'A command asks to run: {command}',
});
