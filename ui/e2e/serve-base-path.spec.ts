// The page below a path prefix.

import type { Page } from '@playwright/test';
import { expect, test, TOKEN } from './fixtures';

test.use({ options: { gateway: { controlUi: { basePath: '/panel' } } } });

const SECRET = 'Token or setup code';
const VIEWS = ['overview', 'access', 'devices', 'nodes', 'approvals', 'clients', 'activity', 'logs', 'config', 'debug', 'settings'] as const;

/** Connect requests that a page sends. */
function connectsOf(page: Page): { count: number } {
  const seen = { count: 0 };
  page.on('websocket', (socket) =>
    socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"method":"connect"')) seen.count += 1;
    }),
  );
  return seen;
}

test('U30 (U1) the sign-in is there at once below the prefix, and one connect is all that is sent', async ({ page, gateway }) => {
  const connects = connectsOf(page);
  await page.clock.install();
  // Without the final slash, as people type it.
  await page.goto(`${gateway.origin}/panel`);
  await page.clock.resume();
  await expect(page.getByLabel(SECRET)).toBeFocused();
  expect(new URL(page.url()).pathname).toMatch(/^\/panel\//);
  await page.clock.runFor(20_000);
  expect(connects.count).toBe(1);
});

test('U30 (U2) a typed token leads to the overview and survives a reload', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/panel/`);
  await page.getByLabel(SECRET).fill(TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  await expect(page).toHaveURL(`${gateway.origin}/panel/overview`);
  const kept = JSON.stringify(await page.context().storageState({ indexedDB: true })) + (await page.evaluate(() => JSON.stringify({ ...sessionStorage })));
  expect(kept).not.toContain(TOKEN);
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
});

for (const form of ['#token=', '?token='] as const) {
  test(`U30 (U3) a link with ${form} signs in and is clean`, async ({ page, gateway }) => {
    await page.goto(`${gateway.origin}/panel/devices${form}${TOKEN}`);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    expect(page.url()).toBe(`${gateway.origin}/panel/devices`);
  });
}

test('U30 (U3) the link of `openclaw dashboard` leads below the prefix', async ({ page, gateway }) => {
  const { browserUrl } = (await gateway.json('dashboard', '--no-open')) as { browserUrl: string };
  expect(browserUrl).toContain('/panel/');
  await page.goto(browserUrl);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(page.url()).toBe(`${gateway.origin}/panel/overview`);
});

test('U30 (U4) a wrong token is mended without a reload', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/panel/`);
  await page.getByLabel(SECRET).fill('not-the-token');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('That token was not accepted');
  await page.getByLabel(SECRET).fill(TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
});

test('U30 every view can be opened, reloaded and left below the prefix, and everything comes from there', async ({ page, gateway }) => {
  const elsewhere: string[] = [];
  page.on('response', (answer) => {
    const { pathname } = new URL(answer.url());
    if (!pathname.startsWith('/panel/') || answer.status() >= 400) elsewhere.push(`${answer.status()} ${pathname}`);
  });
  await page.goto(`${gateway.origin}/panel/overview#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  for (const view of VIEWS) {
    await page.goto(`${gateway.origin}/panel/${view}`);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    const heading = await page.getByRole('heading', { level: 1 }).textContent();
    expect(heading).not.toBe('');
    expect(new URL(page.url()).pathname).toBe(`/panel/${view}`);
    const links = await page.locator('nav a').evaluateAll((all) => all.map((link) => new URL((link as HTMLAnchorElement).href).pathname));
    expect(links.filter((path) => !path.startsWith('/panel/'))).toEqual([]);
  }
  await page.goto(`${gateway.origin}/panel/devices`);
  await page.locator('nav a[href$="/panel/nodes"]').first().click();
  await expect(page).toHaveURL(`${gateway.origin}/panel/nodes`);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Nodes');
  expect(elsewhere).toEqual([]);
});

test('U30 outside the prefix nothing is served, and the root says where the page is', async ({ page, gateway }) => {
  const answer = await page.goto(`${gateway.origin}/`);
  expect(answer?.status()).toBe(404);
  await expect(page.locator('body')).toContainText('The Control UI of this gateway is at /panel/');
  expect((await page.request.get(`${gateway.origin}/overview`)).status()).toBe(404);
  expect((await page.request.get(`${gateway.origin}/boot.js`)).status()).toBe(404);
});
