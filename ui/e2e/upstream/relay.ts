// A proxy in front of the gateway: whoever comes through it comes from another address.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

export interface Relay {
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Passes everything on to `port`, and says in the first request of each connection that it comes from `address`. */
export async function relay(port: number, address: string): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const gateway = connect(port, '127.0.0.1');
    for (const socket of [client, gateway]) {
      sockets.add(socket);
      // A connection that breaks at one end ends at the other.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        gateway.destroy();
      });
    }
    client.once('data', (head: Buffer) => {
      const request = head.toString('latin1').replace('\r\n', `\r\nX-Forwarded-For: ${address}\r\n`);
      gateway.write(Buffer.from(request, 'latin1'));
      client.pipe(gateway);
    });
    gateway.pipe(client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (typeof bound !== 'object' || bound === null) throw new Error('no port');
  return {
    port: bound.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
