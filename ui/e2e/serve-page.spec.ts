// What the gateway serves: headers, caching, a page whose files are gone, a page that cannot run.

import { cp, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { expect, Gateway, test, TOKEN } from './fixtures';
import { settle } from './fixtures/views';

const BUILT = resolve(process.env['OPENCLAW_UI_ROOT'] ?? join(import.meta.dirname, '../dist'));

/** The files of the page in a folder of their own, which another build may replace. */
class Build {
  private constructor(readonly folder: string) {}

  static async copy(): Promise<Build> {
    const folder = await mkdtemp(join(tmpdir(), 'openclaw-ui-build-'));
    await cp(BUILT, folder, { recursive: true });
    // The committed build holds copies only.
    for (const name of await readdir(folder, { recursive: true })) {
      const path = join(folder, name);
      if (name.endsWith('.gz')) await writeFile(path.slice(0, -3), gunzipSync(await readFile(path)));
    }
    return new Build(folder);
  }

  /** Gives every hashed file another hash, as another build does; the old names are gone. */
  async replace(): Promise<void> {
    const assets = join(this.folder, 'assets');
    const names = (await readdir(assets)).filter((name) => !/\.(br|gz)$/.test(name));
    const renamed = names.map((name) => [name, name.replace(/-[\w-]{8}\.(\w+)$/, '-N3WBU1LD.$1')] as const);
    for (const name of await readdir(assets)) if (/\.(br|gz)$/.test(name)) await rm(join(assets, name));
    const rewrite = async (file: string) => {
      let text = await readFile(file, 'utf8');
      for (const [from, to] of renamed) text = text.replaceAll(from, to);
      await writeFile(file, text);
    };
    for (const [from, to] of renamed) {
      await rename(join(assets, from), join(assets, to));
      if (/\.(js|css)$/.test(to)) await rewrite(join(assets, to));
    }
    await rewrite(join(this.folder, 'index.html'));
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function online(page: Page): Promise<void> {
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
}

test('U31 a tab of an older build: the view that is gone offers to load the page again, once', async ({ page }) => {
  const build = await Build.copy();
  const gateway = await Gateway.start({ gateway: { controlUi: { root: build.folder } } });
  const answers: string[] = [];
  const loads: string[] = [];
  page.on('response', (answer) => answers.push(`${answer.status()} ${new URL(answer.url()).pathname}`));
  page.on('framenavigated', (frame) => {
    if (frame === page.mainFrame()) loads.push(frame.url());
  });
  await page.goto(`${gateway.origin}/overview#token=${TOKEN}`);
  await online(page);
  await build.replace();
  loads.length = 0;
  await page.locator('nav a[href$="/logs"]').first().click();
  const again = page.getByRole('main').getByRole('button', { name: 'Load the page again' });
  await expect(again).toBeVisible();
  const gone = () => answers.filter((answer) => answer.startsWith('404 /assets/'));
  expect(gone().length, 'an old name is a 404, never the page').toBeGreaterThan(0);
  // Whatever else happens in the page, it neither asks again nor loads itself.
  await page.locator('nav a[href$="/overview"]').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  expect(loads.filter((url) => !/\/(logs|overview)$/.test(url))).toEqual([]);
  const times = (file: string) => gone().filter((other) => other === file).length;
  // Two parts of the page may need the same file.
  expect(Math.max(...gone().map(times)), 'no file is asked for again and again').toBeLessThanOrEqual(2);
  await page.locator('nav a[href$="/logs"]').first().click();
  await again.click();
  await online(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Logs');
  await expect(page.getByText('This part of the page could not be loaded')).toHaveCount(0);
  await gateway.close();
  await build.remove();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('U32 the page says what it needs and what works without it', async ({ page, gateway }) => {
    await page.goto(`${gateway.origin}/devices`);
    await expect(page.getByRole('heading', { name: 'This page needs JavaScript' })).toBeVisible();
    await expect(page.locator('.noscript').getByText('openclaw status')).toBeVisible();
    await expect(page.getByText('The Control UI did not start')).toBeHidden();
  });
});

test('U32 the program is blocked: after ten seconds the page says so, with a way out', async ({ page, gateway }) => {
  await page.route('**/assets/*.js', (route) => route.abort());
  await page.goto(`${gateway.origin}/devices`);
  const heading = page.getByRole('heading', { name: 'The Control UI did not start' });
  await expect(heading).toBeHidden();
  const delays = await page.evaluate(() => document.getAnimations().map((animation) => animation.effect?.getComputedTiming().delay));
  expect(delays).toContain(10_000);
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  await expect(heading).toBeVisible();
  await expect(page.getByRole('link', { name: 'load it without stored settings' })).toBeVisible();
  await page.unroute('**/assets/*.js');
  await page.getByRole('link', { name: 'Load the page again' }).click();
  await expect(page.getByLabel('Token or setup code')).toBeVisible();
});

test('U32 script and style are blocked: the words are there, unstyled', async ({ page, gateway }) => {
  await page.route('**/assets/*', (route) => route.abort());
  await page.goto(`${gateway.origin}/`);
  await expect(page.getByRole('heading', { name: 'The Control UI did not start' })).toBeVisible();
});

test('U16 every answer carries the content policy', async ({ page, gateway }) => {
  for (const path of ['/', '/overview', '/boot.js', '/assets/none-00000000.js', '/control-ui-config.json', '/ui']) {
    const headers = (await page.request.get(gateway.origin + path)).headers();
    expect(headers['content-security-policy'], path).toContain("default-src 'none'; script-src 'self'");
    expect(headers['x-frame-options'], path).toBe('DENY');
    expect(headers['x-content-type-options'], path).toBe('nosniff');
  }
});

test('U14 a warm visit transfers next to nothing', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/overview#token=${TOKEN}`);
  await online(page);
  // What is loaded when it comes into view, or ahead of need, belongs to the first visit.
  await settle(page);
  await expect(page.locator('.foot .words')).toHaveAttribute('aria-busy', 'false');
  await page.waitForLoadState('networkidle');
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const requested = new Map<string, string>();
  const transferred: Record<string, number> = {};
  session.on('Network.requestWillBeSent', ({ requestId, request }) => requested.set(requestId, new URL(request.url).pathname));
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const path = requested.get(requestId);
    if (path !== undefined && encodedDataLength > 0) transferred[path] = encodedDataLength;
  });
  await page.reload();
  await online(page);
  await page.waitForLoadState('networkidle');
  const bytes = Object.values(transferred).reduce((sum, size) => sum + size, 0);
  expect(bytes, JSON.stringify(transferred)).toBeLessThanOrEqual(1536);
});

test('the gateway tells everybody how to sign in, and nothing about its machine', async ({ gateway, request }) => {
  const facts = (await (await request.get(`${gateway.origin}/control-ui-config.json`)).json()) as Record<string, unknown>;
  expect(Object.keys(facts).sort()).toEqual(['auth', 'basePath', 'product', 'protocol', 'secure', 'v', 'version']);
  expect(facts).toMatchObject({ v: 1, product: 'openclaw', protocol: { min: 3, max: 4 }, basePath: '', auth: { modes: ['token'] }, secure: false });
});
