// A browser that the gateway does not know, under a name that makes it look remote.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test, TOKEN } from './fixtures';
import type { Gateway } from './fixtures';
import { FakeGateway, helloOf } from './fixtures/fake-gateway';

test.use({ options: { gateway: { controlUi: { allowedOrigins: ['http://gw.test'] } } } });

/** Opens the page under the remote name and agrees to go on without encryption. */
async function openRemote(page: Page, gateway: Gateway, path = `/#token=${TOKEN}`): Promise<void> {
  await page.goto(`${gateway.remoteOrigin}${path}`);
  await page.getByRole('button', { name: 'Continue unencrypted for this tab' }).click();
}

interface PendingFile {
  readonly requestId: string;
  readonly deviceId: string;
}

async function pending(gateway: Gateway): Promise<PendingFile> {
  const { pending } = (await gateway.json('devices', 'list')) as { pending: PendingFile[] };
  const first = pending[0];
  if (!first) throw new Error('nothing is pending');
  return first;
}

async function words(deviceId: string): Promise<string[]> {
  const list = (await readFile(join(import.meta.dirname, '../../crates/protocol/src/fingerprint/words.txt'), 'utf8')).trim().split('\n');
  const bits = BigInt(`0x${deviceId.slice(0, 18)}`) >> 6n;
  return [5n, 4n, 3n, 2n, 1n, 0n].map((group) => list[Number((bits >> (group * 11n)) & 2047n)] ?? '');
}

test('U5 plain HTTP under a name: asked before any socket, then it works with a banner that stays', async ({ page, gateway }) => {
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  await page.goto(gateway.remoteOrigin);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Connect without encryption?');
  await expect(page.getByText(`ssh -N -L ${gateway.port}:127.0.0.1:${gateway.port} user@gw.test`)).toBeVisible();
  await expect(page.getByRole('link', { name: `http://127.0.0.1:${gateway.port}/` })).toBeVisible();
  await page.clock.install();
  await page.clock.runFor(20_000);
  expect(sockets).toEqual([]);
  await page.clock.resume();
  await page.getByRole('button', { name: 'Continue unencrypted for this tab' }).click();
  await page.getByLabel('Token or setup code').fill(TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Approve this browser');
  await gateway.cli('devices', 'approve', (await pending(gateway)).requestId);
  await expect(page.locator('[data-banner=unencrypted]')).toContainText('Not encrypted');
  // The choice is the tab's: a reload keeps it, another tab asks again.
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const other = await page.context().newPage();
  await other.goto(gateway.remoteOrigin);
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Connect without encryption?');
});

test('U6 six words on both sides; approved, the page is online', async ({ page, gateway }) => {
  await openRemote(page, gateway);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Approve this browser');
  const { requestId, deviceId } = await pending(gateway);
  const expected = await words(deviceId);
  await expect(page.locator('.words')).toHaveText(expected.join(' '));
  const listed = (await gateway.cli('devices', 'list')).stdout;
  for (const word of expected) expect(listed).toContain(word);
  await expect(page.getByText(`openclaw devices approve ${requestId}`)).toBeVisible();
  await expect(page.getByText(`${gateway.remoteOrigin}/devices?request=${requestId}`)).toBeVisible();
  await expect(page.getByText('Chromium on Linux')).toBeVisible();
  await expect(page.getByText(/full control: settings, devices, commands/)).toBeVisible();
  await page.getByText('Show as QR code').click();
  await expect(page.getByRole('img', { name: 'QR code of the link to this request' })).toBeVisible();
  await gateway.cli('devices', 'approve', requestId);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  // From now on the browser has a token of its own.
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  expect(kept).not.toContain(TOKEN);
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
});

test('U6 a reload while waiting keeps the request and its time', async ({ page, gateway }) => {
  await openRemote(page, gateway);
  await expect(page.getByText(/openclaw devices approve/)).toBeVisible();
  const { requestId } = await pending(gateway);
  await page.reload();
  await expect(page.getByText(`openclaw devices approve ${requestId}`)).toBeVisible();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByLabel('Token or setup code')).toBeVisible();
});

test('U7 a request that ends is replaced on the screen by the new one', async ({ page }) => {
  const fake = await FakeGateway.start();
  let requestId = 'request-one';
  fake.script = () => ({ error: { code: 'NOT_PAIRED', message: 'pairing required', details: { requestId } } });
  await page.clock.install();
  await page.goto(fake.origin);
  await expect(page.getByText('openclaw devices approve request-one')).toBeVisible();
  await expect(page.getByText(/The request ends in (5m|4m)/)).toBeVisible();
  // Checks go on meanwhile, never faster than every 3 s.
  const from = fake.upgrades;
  await page.clock.runFor(30_000);
  expect(fake.upgrades - from).toBeLessThanOrEqual(10);
  // Past its end by the page's clock: another id before that means that somebody rejected the first.
  await page.clock.runFor(275_000);
  requestId = 'request-two';
  await page.clock.runFor(5000);
  await page.clock.resume();
  await expect(page.getByText('openclaw devices approve request-two')).toBeVisible();
  fake.script = { hello: helloOf({ deviceToken: 'token' }) };
  await page.getByRole('button', { name: 'Check now' }).click();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await fake.close();
});

test('U8 rejected: the page says so and stops', async ({ page, gateway }) => {
  let sockets = 0;
  page.on('websocket', () => (sockets += 1));
  await openRemote(page, gateway);
  await expect(page.getByText(/openclaw devices approve/)).toBeVisible();
  await gateway.cli('devices', 'reject', (await pending(gateway)).requestId);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('The request was rejected');
  const before = sockets;
  await page.clock.install();
  await page.clock.runFor(60_000);
  expect(sockets).toBe(before);
  await page.clock.resume();
  await page.getByRole('button', { name: 'Ask again' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Approve this browser');
});

test('U22 access that is revoked: the live page says so and stays there', async ({ page, gateway }) => {
  let sockets = 0;
  page.on('websocket', () => (sockets += 1));
  await openRemote(page, gateway);
  await expect(page.getByText(/openclaw devices approve/)).toBeVisible();
  const { requestId, deviceId } = await pending(gateway);
  await gateway.cli('devices', 'approve', requestId);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await gateway.cli('devices', 'revoke', '--device', deviceId, '--role', 'operator');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Access was revoked');
  const before = sockets;
  await page.clock.install();
  await page.clock.runFor(120_000);
  expect(sockets).toBe(before);
  expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain('"operator":{"token"');
});

test('more access is asked for and granted', async ({ page, gateway }) => {
  await openRemote(page, gateway, `/?access=view#token=${TOKEN}`);
  await expect(page.getByText('It asks for')).toBeVisible();
  await expect(page.getByText('see everything', { exact: true })).toBeVisible();
  await gateway.cli('devices', 'approve', (await pending(gateway)).requestId);
  await expect(page.locator('[data-banner=view]')).toBeVisible();
  await page.locator('[data-banner=view]').getByRole('button', { name: 'Request more access' }).click();
  const banner = page.locator('[data-banner=asked]');
  await expect(banner).toContainText('openclaw devices approve');
  await gateway.cli('devices', 'approve', (await pending(gateway)).requestId);
  await banner.getByRole('button', { name: 'Check now' }).click();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.locator('.banner')).toHaveCount(1);
});
