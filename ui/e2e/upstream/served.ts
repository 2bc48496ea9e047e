// Serves the Control UI of an upstream release unchanged, as its own gateway does, and nothing else of that gateway.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, normalize, resolve } from 'node:path';
import type { Duplex } from 'node:stream';

export type Release = '2026.1.30' | '2026.9.6';

const PEERS = process.env['OPENCLAW_PEERS_DIR'] ?? resolve(import.meta.dirname, '../../../target/peers');

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** The folder with the page of a release. */
function folder(release: Release): string {
  return join(PEERS, release, 'node_modules/openclaw/dist/control-ui');
}

export function isInstalled(release: Release): boolean {
  return existsSync(join(folder(release), 'index.html'));
}

export interface Served {
  /** Address of the page, without a final slash. */
  readonly origin: string;
  readonly close: () => Promise<void>;
}

/** Serves the page of a release on a port of its own. */
export async function serve(release: Release): Promise<Served> {
  const root = folder(release);
  // Its addresses are relative; their gateways make them absolute, so that the page starts at every path.
  const index = (await readFile(join(root, 'index.html'), 'utf8')).replaceAll('="./', '="/');
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://page').pathname);
    void answer(release, root, index, normalize(path), response);
  });
  // A page first tries the gateway that served it. Here that one takes the connection and says nothing.
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.write(switching(request.headers['sec-websocket-key'] ?? ''));
    socket.resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** The answer to an upgrade (RFC 6455, 4.2.2). */
function switching(key: string): string {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

async function answer(release: Release, root: string, index: string, path: string, response: ServerResponse): Promise<void> {
  const send = (status: number, type: string, body: string | Buffer): void => {
    response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
  };
  if (release === '2026.9.6' && path === '/control-ui-config.json') {
    return send(200, 'application/json', JSON.stringify(bootstrapConfig()));
  }
  const extension = extname(path);
  if (extension === '') return send(200, 'text/html; charset=utf-8', release === '2026.1.30' ? withGlobals(index) : index);
  const file = await readFile(join(root, path)).catch(() => null);
  if (file === null) return send(404, 'text/plain; charset=utf-8', 'Not Found');
  send(200, TYPES[extension] ?? 'application/octet-stream', file);
}

/** 2026.1.30 learns its base path and whom it talks to from three globals in the page. */
function withGlobals(index: string): string {
  const globals = {
    __OPENCLAW_CONTROL_UI_BASE_PATH__: '',
    __OPENCLAW_ASSISTANT_NAME__: 'Assistant',
    __OPENCLAW_ASSISTANT_AVATAR__: 'A',
  };
  const script = Object.entries(globals).map(([name, value]) => `window.${name}=${JSON.stringify(value)};`);
  return index.replace('</head>', `<script>${script.join('')}</script></head>`);
}

/** 2026.9.6 asks for the same, and more, once it runs. */
function bootstrapConfig(): Readonly<Record<string, unknown>> {
  return {
    basePath: '',
    assistantName: 'Assistant',
    assistantAvatar: 'A',
    assistantAgentId: 'main',
    serverVersion: '2026.9.6',
    embedSandbox: 'scripts',
    allowExternalEmbedUrls: false,
    automaticallyFetchFavicons: false,
    pluginAssetsRequireAuth: true,
    pluginFrameGrants: [],
  };
}
