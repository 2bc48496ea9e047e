// Several gateways in one browser.

import { expect, Gateway, test, TOKEN } from './fixtures';

const SECOND_TOKEN = 'second-token-fedcba9876543210fedcba9876543210';

test('U9 a gateway that does not take this address: the screen has the command that mends it', async ({ page }) => {
  const served = await Gateway.start({ gateway: { controlUi: { allowedOrigins: ['http://gw.test'] } } });
  const other = await Gateway.start();
  await page.goto(`${served.remoteOrigin}/?gatewayUrl=ws://127.0.0.1:${other.port}#token=${TOKEN}`);
  await page.getByRole('button', { name: /^Connect to/ }).click();
  await expect(page.getByText(served.remoteOrigin, { exact: true }).first()).toBeVisible();
  const command = (await page.locator('.command').filter({ hasText: 'allowedOrigins' }).first().locator('code').textContent()) ?? '';
  const value = /'(.*)'/.exec(command)?.[1] ?? '';
  expect(JSON.parse(value)).toEqual([served.remoteOrigin]);
  const ran = await other.cli('config', 'set', 'gateway.controlUi.allowedOrigins', value);
  expect(ran.code).toBe(0);
  await expect.poll(() => other.output).toContain('config applied');
  await page.getByRole('button', { name: /^(Retry now|Try again)$/ }).click();
  await expect(page.locator('.health').or(page.getByText('Approve this browser'))).toBeVisible();
  await served.close();
  await other.close();
});

test('U10 a link to another gateway asks first, and takes no credential along', async ({ page, gateway }) => {
  const other = await Gateway.start({ gateway: { auth: { mode: 'token', token: SECOND_TOKEN } } });
  const frames: { url: string; payload: string }[] = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => frames.push({ url: socket.url(), payload: String(payload) })));
  await page.goto(`${gateway.origin}/#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const link = `${gateway.origin}/?gatewayUrl=ws://127.0.0.1:${other.port}`;
  await page.goto(link);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText(`ws://127.0.0.1:${other.port}`);
  await expect(dialog).toContainText(`ws://127.0.0.1:${gateway.port}`);
  await expect(dialog.getByRole('button', { name: /^Stay with/ })).toBeFocused();
  expect(page.url()).not.toContain('gatewayUrl');
  await page.keyboard.press('Enter');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(frames.filter(({ url }) => url.includes(String(other.port)))).toEqual([]);
  await page.goto(link);
  await page.getByRole('button', { name: /^Connect to/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Sign in to 127.0.0.1:${other.port}`);
  const toOther = () => frames.filter(({ url }) => url.includes(String(other.port)));
  await expect.poll(() => toOther().length).toBeGreaterThan(0);
  for (const { payload } of toOther()) {
    expect(payload).not.toContain(TOKEN);
    expect(payload).toContain('"auth":{}');
  }
  await other.close();
});

test('U10 warnings: no encryption, letters that look alike, no address at all', async ({ page, gateway }) => {
  const dialog = page.getByRole('dialog');
  await page.goto(`${gateway.origin}/?gatewayUrl=ws://xn--pypal-4ve.example:18789`);
  await expect(dialog).toContainText('Not encrypted');
  await expect(dialog).toContainText('letters that may look like others');
  await page.goto(`${gateway.origin}/?gatewayUrl=javascript:alert(1)`);
  await expect(dialog).toContainText('The link is broken');
  await expect(dialog.getByRole('button', { name: /^Connect to/ })).toHaveCount(0);
});

test('U35 two gateways: tokens of their own, switching keeps both signed in', async ({ page, gateway }) => {
  const other = await Gateway.start({ gateway: { auth: { mode: 'token', token: SECOND_TOKEN } } });
  await page.goto(`${gateway.origin}/#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.locator('button.brand').click();
  await page.getByRole('button', { name: 'Add a gateway' }).click();
  await page.getByLabel('Address of the gateway').fill(`127.0.0.1:${other.port}`);
  await page.getByRole('button', { name: 'Use this address' }).click();
  await page.getByLabel('Token or setup code').fill(SECOND_TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const tokens = await page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('openclaw.device.auth.v1:')));
  expect(tokens.sort()).toEqual([`openclaw.device.auth.v1:ws://127.0.0.1:${gateway.port}`, `openclaw.device.auth.v1:ws://127.0.0.1:${other.port}`].sort());
  const choose = async (port: number) => {
    await page.locator('button.brand').click();
    await page.getByRole('region', { name: 'Gateways' }).getByRole('button', { name: new RegExp(`127\\.0\\.0\\.1:${port}`) }).first().click();
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
  };
  await choose(gateway.port);
  await choose(other.port);
  // A reload keeps the tab's gateway; a new tab opens the one that it names.
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.locator('button.health').click();
  await expect(page.getByRole('region', { name: 'Connection' })).toContainText(String(other.port));
  await other.close();
});

test('U35 a gateway gets a name and a colour, and is forgotten', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.locator('button.brand').click();
  await page.getByRole('button', { name: /^Rename or colour/ }).click();
  await page.getByLabel('Name', { exact: true }).fill('attic');
  await page.getByRole('radio', { name: 'Red' }).check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.locator('.brand')).toContainText('attic');
  await expect(page).toHaveTitle(/attic/);
  await expect(page.locator('.topbar')).toHaveAttribute('data-colour', 'red');
  await page.locator('button.brand').click();
  await page.getByRole('button', { name: 'Forget attic' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Forget', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Sign in/);
  await expect.poll(() => page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).not.toMatch(/attic|deviceId/);
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Sign in/);
});

test('U15 nothing is asked of anybody but the page and the chosen gateway', async ({ page, gateway }) => {
  const asked = new Set<string>();
  page.on('request', (request) => asked.add(new URL(request.url()).origin));
  page.on('websocket', (socket) => asked.add(new URL(socket.url()).origin.replace(/^ws/, 'http')));
  await page.goto(`${gateway.origin}/#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  for (const link of await page.locator('nav.side a').all()) {
    await link.click();
    await expect(page.locator('main h1')).toBeVisible();
  }
  await page.waitForLoadState('networkidle');
  expect([...asked].filter((origin) => origin !== 'null')).toEqual([gateway.origin]);
});
