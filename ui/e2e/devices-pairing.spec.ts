import { expect, test } from './fixtures';
import { FakeDevice } from './fixtures/devices';
import { TOKEN } from './fixtures/gateway';
import { allowRemote, openRemote, wordsOn } from './fixtures/remote';

test('U06 a paired browser shows the words of one that asks, and lets it in', async ({ browser, gateway, signedIn }) => {
  await allowRemote(gateway);
  const page = await signedIn('/devices');
  // Typing goes on while somebody asks: nothing takes the focus away.
  const menu = page.getByRole('button', { name: 'Pair new device' }).first();
  await menu.focus();
  const other = await openRemote(browser, gateway, '/devices');
  const asking = await wordsOn(other);
  const card = page.getByRole('article');
  await expect(card.locator('.words')).toHaveText(asking, { useInnerText: false });
  await expect(menu).toBeFocused();
  await expect(page).toHaveTitle(/^\(1\) Devices/);
  await expect(page.getByRole('status').filter({ hasText: 'asks to be let in' })).toHaveCount(1);

  await card.getByRole('button', { name: 'Compare words' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await expect(dialog.locator('.words')).toHaveText(asking);
  expect(page.url()).toContain('request=');
  await dialog.getByRole('button', { name: 'They match, approve' }).click();
  await expect(other.locator('.health')).toContainText(/Live|Slow/);
  await expect(card).toHaveCount(0);
  await expect(page.getByRole('table', { name: 'Paired devices' }).locator('tbody tr')).toHaveCount(2);
  await expect(page).toHaveTitle(/^Devices/);
  await other.context().close();
});

test('the clock of this browser is ten minutes ahead: a request stays, with the time that is left', async ({ browser, gateway, page }) => {
  await allowRemote(gateway);
  await page.clock.install({ time: Date.now() + 600_000 });
  await page.goto(`${gateway.origin}/devices#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const other = await openRemote(browser, gateway, '/devices');
  await expect(page.getByRole('article')).toContainText(/Expires in\s*4m/);
  await other.context().close();
});

test('U08 a rejected browser says so', async ({ browser, gateway, signedIn }) => {
  await allowRemote(gateway);
  const page = await signedIn('/devices');
  const other = await openRemote(browser, gateway);
  await wordsOn(other);
  await page.getByRole('button', { name: 'Compare words' }).click();
  await page.getByRole('button', { name: 'They differ, reject' }).click();
  await expect(page.getByText('Chromium on Linux was rejected.')).toBeVisible();
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('The request was rejected');
  await other.context().close();
});

test.describe('from other addresses', () => {
// A proxy on this machine is believed, so that requests can come from anywhere.
test.use({ options: { gateway: { trustedProxies: ['127.0.0.1'] } } });

test('U07 a request that comes back under another id keeps its card, its words and its open dialog', async ({ gateway, signedIn }) => {
  const page = await signedIn('/devices');
  const headers = { 'X-Forwarded-For': '192.168.1.31' };
  const ask = (scopes: string[], key?: FakeDevice['key']) =>
    FakeDevice.connect({ port: gateway.port, token: TOKEN, name: 'Tablet', headers, scopes, ...(key ? { key } : {}) });
  const first = await ask(['operator.read']);
  await page.getByRole('button', { name: 'Compare words' }).click();
  const words = await wordsOn(page);
  const address = page.url();
  const second = await ask(['operator.admin', 'operator.approvals', 'operator.pairing'], first.key);
  expect(second.answer.error?.details?.['requestId']).not.toBe(first.answer.error?.details?.['requestId']);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('can change settings');
  expect(await wordsOn(page)).toBe(words);
  expect(page.url()).toBe(address);

  // Less than it asks for is given.
  await dialog.getByLabel('Access to give').selectOption('View only');
  await dialog.getByRole('button', { name: 'They match, approve' }).click();
  const row = page.getByRole('row', { name: /Tablet/ });
  await expect(row).toContainText('View only');
  await expect(row).toContainText('192.168.1.31');
  const back = await ask(['operator.read'], first.key);
  expect(back.answer.ok).toBe(true);
  back.close();
});

test('a link to a request opens its dialog, and one to a request that is gone says so', async ({ gateway, page, signedIn }) => {
  const asked = await FakeDevice.connect({ port: gateway.port, token: TOKEN, name: 'Laptop', headers: { 'X-Forwarded-For': '203.0.113.9' } });
  const id = String(asked.answer.error?.details?.['requestId']);
  await signedIn(`/devices?request=${id}`);
  await expect(page.getByRole('dialog')).toContainText('Let Laptop in?');
  await expect(page.getByRole('dialog')).toContainText('from the internet');
  // Opening the link decided nothing.
  expect(JSON.stringify(await gateway.json('devices', 'list'))).toContain(id);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect(page.url()).not.toContain('request');
  await gateway.cli('devices', 'reject', id);
  await expect(page.getByRole('article')).toHaveCount(0);
  await signedIn(`/devices?request=${id}&again`);
  await expect(page.getByRole('dialog')).toContainText('This request is gone');
});
});
