// What the tests with upstream's pages share: the page of one release served unchanged, our gateway, a way to it from another
// address, and a watch over everything that must not happen.

import { test as base, expect } from '@playwright/test';
import type { Browser, BrowserContext, Page } from '@playwright/test';
import { Gateway, TOKEN } from '../fixtures/gateway';
import { relay } from './relay';
import type { Relay } from './relay';
import { isInstalled, serve } from './served';
import type { Release, Served } from './served';

export { expect, TOKEN };

/** The name under which the node shows itself. */
export const NODE = 'attic-node';

/** The address from which pages come that are opened through `far`. */
export const FAR = '203.0.113.7';

/** What 2026.1.30 loads from elsewhere: a font and its logo. They are upstream's own; the tests answer in their place. */
const FOREIGN = ['https://fonts.googleapis.com/', 'https://mintcdn.com/'];

interface Fixtures {
  release: Release;
  served: Served;
  gateway: Gateway;
  /** The same gateway as seen from another address, through a proxy that it trusts. */
  far: Relay;
  /** Everything that went wrong in pages so far. */
  problems: Problems;
  /** Opens a path of the page as a person does who was given the address of the gateway and its token. */
  open: (path: string, options?: OpenOptions) => Promise<Page>;
}

export interface OpenOptions {
  /** Port of the gateway or of the way to it. */
  readonly port?: number;
  /** In a browser of its own, with nothing stored. */
  readonly elsewhere?: boolean;
  /** Without the token in the address. */
  readonly withoutToken?: boolean;
}

export const test = base.extend<Fixtures>({
  release: ['2026.9.6', { option: true }],
  served: async ({ release }, use) => {
    test.skip(!isInstalled(release) && process.env['CI'] === undefined, `upstream ${release} is not installed: cargo xtask peers`);
    const served = await serve(release);
    await use(served);
    await served.close();
  },
  gateway: async ({ served }, use) => {
    const gateway = await Gateway.start({
      gateway: { trustedProxies: ['127.0.0.1'], controlUi: { allowedOrigins: [served.origin] } },
      config: { logging: { file: '${HOME}/gateway.log' } },
    });
    await gateway.node(NODE);
    const nodes = (): Promise<unknown> => gateway.json('gateway', 'call', 'node.list');
    await expect.poll(nodes, 'the node is connected').toMatchObject({ nodes: [{ displayName: NODE, connected: true }] });
    await use(gateway);
    await gateway.close();
  },
  far: async ({ gateway }, use) => {
    const far = await relay(gateway.port, FAR);
    await use(far);
    await far.close();
  },
  problems: [
    async ({ context }, use) => {
      const problems = new Problems();
      await problems.watch(context);
      await use(problems);
      expect(problems.found, 'what pages must never do').toEqual([]);
    },
    { auto: true },
  ],
  // `far` is named so that it ends after the pages.
  open: async ({ browser, page, problems, release, served, gateway, far: _far }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async (path, options = {}) => {
      const target = options.elsewhere ? await another(browser, problems, contexts) : page;
      const url = `ws://127.0.0.1:${options.port ?? gateway.port}`;
      await target.goto(served.origin + path + query(release, url, options.withoutToken === true));
      await confirm(target, url);
      return target;
    });
    // Before the gateway ends, so that no page sees that.
    await page.close();
    for (const context of contexts) await context.close();
  },
});

async function another(browser: Browser, problems: Problems, contexts: BrowserContext[]): Promise<Page> {
  const context = await browser.newContext();
  contexts.push(context);
  await problems.watch(context);
  return context.newPage();
}

/** The token goes into the fragment since 2026.9.6; 2026.1.30 reads it in the query only. */
function query(release: Release, url: string, withoutToken: boolean): string {
  const gateway = `?gatewayUrl=${encodeURIComponent(url)}`;
  if (withoutToken) return gateway;
  return release === '2026.1.30' ? `${gateway}&token=${TOKEN}` : `${gateway}#token=${TOKEN}`;
}

/** Both releases ask before they follow a link to another gateway, and name it. */
async function confirm(page: Page, url: string): Promise<void> {
  const place = url.replace('ws://', '');
  await expect(page.getByText(place).first()).toBeVisible();
  await page.getByRole('button', { name: /^(Confirm$|Switch to )/ }).click();
  expect(page.url()).not.toContain(TOKEN);
}

interface Frame {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly method?: unknown;
  readonly ok?: unknown;
  readonly error?: { readonly message?: unknown };
}

/** Errors on the console, errors that nobody caught, calls that failed, requests to other places. */
export class Problems {
  readonly found: string[] = [];
  /** Every method that was called. */
  readonly called = new Set<string>();
  private readonly expected: RegExp[] = [];

  /** From now on this is no problem. */
  expect(problem: RegExp): void {
    this.expected.push(problem);
  }

  async watch(context: BrowserContext): Promise<void> {
    for (const start of FOREIGN) await context.route(`${start}**`, (route) => route.fulfill({ status: 200, body: '' }));
    context.on('request', (request) => {
      const url = request.url();
      const ours = /^(https?:\/\/127\.0\.0\.1:|data:|blob:)/.test(url);
      if (!ours && !FOREIGN.some((start) => url.startsWith(start))) this.note(`request to ${url}`);
    });
    context.on('weberror', (error) => this.note(`error: ${error.error().stack ?? error.error().message}`));
    context.on('console', (message) => {
      if (message.type() === 'error') this.note(`console: ${message.text()} (${message.location().url})`);
    });
    context.on('page', (page) => this.watchSockets(page));
  }

  private watchSockets(page: Page): void {
    page.on('websocket', (socket) => {
      const calls = new Map<unknown, string>();
      socket.on('framesent', ({ payload }) => {
        const frame = JSON.parse(payload.toString()) as Frame;
        if (frame.type !== 'req') return;
        calls.set(frame.id, String(frame.method));
        this.called.add(String(frame.method));
      });
      socket.on('framereceived', ({ payload }) => {
        const frame = JSON.parse(payload.toString()) as Frame;
        if (frame.type === 'res' && frame.ok !== true) {
          this.note(`${calls.get(frame.id) ?? 'unknown call'} failed: ${String(frame.error?.message)}`);
        }
      });
    });
  }

  private note(problem: string): void {
    if (!this.expected.some((expected) => expected.test(problem))) this.found.push(problem);
  }
}

/** Asks for leave to run a command, as an agent does, and waits for the decision. */
export async function ask(gateway: Gateway): Promise<unknown> {
  const params = { command: 'echo from-the-attic', cwd: '/srv', host: 'node', agentId: 'main', timeoutMs: 60_000 };
  const call = ['gateway', 'call', 'exec.approval.request', '--params', JSON.stringify(params), '--timeout', '60000'];
  const answer = (await gateway.json(...call)) as { readonly decision?: unknown };
  return answer.decision;
}
