// Tries an address: opens a socket, waits for the challenge, closes it. Nobody is signed in and nothing is sent.

import { warningsOf } from './gateway-address';
import { TIMES } from './machine';

export type TestResult = { readonly kind: 'gateway'; readonly ms: number } | { readonly kind: 'silent' | 'closed' | 'other' | 'mixed' };

export function testAddress(url: string): Promise<TestResult> {
  if (warningsOf(url, location.protocol === 'https:').mixed) return Promise.resolve({ kind: 'mixed' });
  return new Promise((resolve) => {
    const from = performance.now();
    const socket = new WebSocket(url);
    const end = (result: TestResult) => {
      clearTimeout(timer);
      socket.onmessage = null;
      socket.onclose = null;
      socket.close(1000);
      resolve(result);
    };
    const timer = setTimeout(() => end({ kind: 'silent' }), TIMES.open);
    socket.onclose = () => end({ kind: 'closed' });
    socket.onmessage = (message) => {
      const ours = String(message.data).includes('"connect.challenge"');
      end(ours ? { kind: 'gateway', ms: Math.max(1, Math.round(performance.now() - from)) } : { kind: 'other' });
    };
  });
}
