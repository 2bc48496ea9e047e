// What happens to a page whose gateway goes away, and comes back.

import type { Page } from '@playwright/test';
import { expect, test, TOKEN } from './fixtures';
import { Relay } from './fixtures/relay';

async function online(page: Page, origin: string, path = '/devices'): Promise<void> {
  await page.goto(`${origin}${path}#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
}

test('U11 a cut is said, data stays, tries go on, `online` tries at once, and the page is back when the gateway is', async ({ page, gateway }) => {
  const relay = await Relay.to(gateway.port);
  await page.clock.install();
  await online(page, relay.origin);
  await expect(page.locator('main')).toContainText('Chromium on Linux');
  relay.cut();
  await expect(page.locator('[data-banner=lost]')).toBeVisible();
  await expect(page.locator('.page-head')).toContainText(/as of/);
  await expect(page.locator('main')).toContainText('Chromium on Linux');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Devices');
  // By a clock that stands: no try comes by itself between two steps.
  await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 1000);
  const waiting = page.locator('[data-banner=lost]').filter({ hasText: 'Trying again in' });
  for (let tries = 0; tries < 4; tries += 1) {
    await expect(waiting).toBeVisible();
    const count = relay.opened;
    await page.clock.runFor(30_000);
    await expect.poll(() => relay.opened).toBeGreaterThan(count);
  }
  await expect(waiting).toBeVisible();
  const count = relay.opened;
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await expect.poll(() => relay.opened).toBeGreaterThan(count);
  await page.clock.resume();
  relay.restore();
  await page.locator('[data-banner=lost]').getByRole('button', { name: 'Retry now' }).click();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.locator('.banner')).toHaveCount(0);
  await expect(page.locator('.page-head')).not.toContainText(/as of/);
  await relay.close();
});

test('a view that was not opened before the cut loads when the gateway is back', async ({ page, gateway }) => {
  const relay = await Relay.to(gateway.port);
  await online(page, relay.origin);
  relay.cut();
  await expect(page.locator('[data-banner=lost]')).toBeVisible();
  await page.locator('nav a[href$="/clients"]').first().click();
  const main = page.getByRole('main');
  await expect(main).toContainText('This part of the page loads when the gateway is back.');
  await expect(main.getByRole('button', { name: 'Load the page again' })).toHaveCount(0);
  const loads: string[] = [];
  page.on('load', () => loads.push(page.url()));
  relay.restore();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(main).toContainText('Chromium on Linux');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Clients');
  expect(loads).toEqual([]);
  const styles = await page.evaluate(() => [...document.querySelectorAll<HTMLLinkElement>('link[rel=stylesheet]')].map(({ sheet }) => sheet !== null));
  expect(styles).not.toContain(false);
  await relay.close();
});

test('U12 bytes that stop: said, and a new socket opened', async ({ page, gateway }) => {
  const relay = await Relay.to(gateway.port);
  await online(page, relay.origin);
  await expect(page.locator('.health')).toContainText('ms');
  let sockets = 0;
  page.on('websocket', () => (sockets += 1));
  relay.stall();
  await expect(page.locator('[data-banner=silent]')).toBeVisible();
  await expect(page.locator('.health')).toContainText('Not responding');
  await expect.poll(() => sockets).toBeGreaterThan(0);
  relay.restore();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await relay.close();
});

test('U13 a restart is calm, and nothing that was typed is lost', async ({ page, gateway }) => {
  await online(page, gateway.origin, '/logs');
  const filter = page.getByRole('searchbox').or(page.getByRole('textbox')).first();
  await filter.fill('needle');
  await page.evaluate(() => ((window as unknown as { mark: number }).mark = 1));
  await gateway.end();
  await expect(page.locator('[data-banner=restarting]')).toBeVisible();
  await expect(page.locator('.health')).toContainText('Restarting');
  await gateway.run();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(filter).toHaveValue('needle');
  await expect(filter).toBeFocused();
  expect(await page.evaluate(() => (window as unknown as { mark: number }).mark)).toBe(1);
});

test('a call that is under way when the connection goes fails, and is not sent again', async ({ page, gateway }) => {
  const relay = await Relay.to(gateway.port);
  const calls: string[] = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => calls.push(String(payload))));
  await online(page, relay.origin, '/overview');
  relay.stall();
  await page.locator('button.brand').click();
  relay.cut({ refuse: false });
  relay.restore();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const writes = calls.filter((frame) => /"method":"(?!connect|last-heartbeat|[a-z.]*(list|status|get|tail|presence|health))/.test(frame));
  expect(writes).toEqual([]);
  await relay.close();
});

test('slow links are called slow', async ({ page, gateway }) => {
  const relay = await Relay.to(gateway.port);
  relay.delay(500);
  await page.goto(`${relay.origin}/overview#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText('Slow');
  await page.locator('button.health').click();
  await expect(page.getByText(/ms median/)).toBeVisible();
  await relay.close();
});
