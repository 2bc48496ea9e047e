import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { Page } from '@playwright/test';
import { expect, test, TOKEN } from './fixtures';
import { askToPair, askToRun, seed, writeLog } from './fixtures/seed';
import { ALL_VIEWS, show } from './fixtures/views';

// The checker is put into the page, which the content policy would not let anybody else do.
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LOG = join(tmpdir(), `openclaw-ui-axe-${process.pid}.log`);
test.use({ bypassCSP: true, options: { config: { logging: { file: LOG } } } });

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
  { width: 320, height: 640 },
] as const;

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

declare global {
  interface Window {
    axe: { run: (context: Document, options: object) => Promise<{ violations: readonly Violation[] }> };
  }
}

/** Looks at what is shown, in both themes and all sizes. */
async function look(page: Page, name: string, problems: string[]): Promise<void> {
  for (const size of SIZES) {
    await page.setViewportSize(size);
    for (const theme of ['light', 'dark'] as const) {
      const { violations, scroll } = await page.evaluate(async (theme) => {
        document.documentElement.dataset['theme'] = theme;
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const { violations } = await window.axe.run(document, {
          resultTypes: ['violations'],
          elementRef: false,
          preload: false,
          iframes: false,
          // A theme changes colours and nothing else.
          runOnly:
            theme === 'light'
              ? { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }
              : { type: 'rule', values: ['color-contrast', 'link-in-text-block'] },
        });
        const { scrollWidth } = document.documentElement;
        return { violations, scroll: scrollWidth > innerWidth ? scrollWidth : null };
      }, theme);
      const where = `${name} ${theme} ${size.width}`;
      for (const { id, nodes } of violations) {
        problems.push(`${where}: ${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html.slice(0, 160)} (${failureSummary?.split('\n').slice(1, 2).join('').trim().slice(0, 120)})`).join(' | ')}`);
      }
      if (scroll !== null) problems.push(`${where}: the page is ${scroll} wide`);
    }
  }
}

async function start(page: Page): Promise<void> {
  const client = await page.context().newCDPSession(page);
  await client.send('Runtime.evaluate', { expression: AXE, returnByValue: true });
  await client.detach();
}

async function lookAtAll(page: Page, state: string, how: { loading?: boolean } = {}): Promise<void> {
  await start(page);
  const problems: string[] = [];
  for (const view of ALL_VIEWS) {
    await show(page, `/${view}`, how);
    await look(page, `${state} ${view}`, problems);
  }
  expect(problems).toEqual([]);
}

test('U18 empty: no view has a violation', async ({ signedIn }) => {
  await lookAtAll(await signedIn(), 'empty');
});

test('U18 filled and offline: no view has a violation', async ({ signedIn, gateway }) => {
  await writeLog(LOG, 200);
  const nodes = await seed(gateway);
  await askToPair(gateway, 'Browser of Carla');
  const command = await askToRun(gateway, 'rsync -a /srv/data/ backup:/srv/data/ --delete');
  const page = await signedIn();
  await lookAtAll(page, 'filled');
  await gateway.end('SIGKILL');
  await expect(page.locator('.health')).not.toContainText(/Live|Slow/);
  await lookAtAll(page, 'offline');
  nodes.close();
  command.close();
});

test('U18 forbidden: no view has a violation', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/overview?access=view#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await lookAtAll(page, 'forbidden');
});

test('U18 loading: no view has a violation', async ({ page, gateway }) => {
  // Only the handshake and signs of life get through: everything else waits for ever.
  await page.routeWebSocket(/./, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => {
      if (/"method":"(connect|last-heartbeat)"/.test(String(message))) server.send(message);
    });
  });
  await page.goto(`${gateway.origin}/overview#token=${TOKEN}`);
  await expect(page.locator('.health')).toBeVisible();
  await lookAtAll(page, 'loading', { loading: true });
});
