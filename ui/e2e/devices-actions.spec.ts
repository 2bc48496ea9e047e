import { expect, test } from './fixtures';
import type { Page } from '@playwright/test';
import { FakeDevice, seedDevices } from './fixtures/devices';
import { TOKEN } from './fixtures/gateway';
import { allowRemote, openRemote, wordsOn } from './fixtures/remote';

async function act(page: Page, name: string, item: string) {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('button', { name: item, exact: true }).click();
  return page.getByRole('dialog');
}

test('U22 revoking another browser changes its row, and its live page says so and stays calm', async ({ browser, gateway, signedIn }) => {
  await allowRemote(gateway);
  const page = await signedIn('/devices');
  const other = await openRemote(browser, gateway);
  await wordsOn(other);
  await page.getByRole('button', { name: 'Compare words' }).click();
  await page.getByRole('button', { name: 'They match, approve' }).click();
  await expect(other.locator('.health')).toContainText(/Live|Slow/);

  const row = page.getByRole('table', { name: 'Paired devices' }).locator('tbody tr:not(.own)');
  await row.getByRole('button', { name: /^Actions for/ }).click();
  await page.getByRole('button', { name: 'Revoke access' }).click();
  await expect(page.getByRole('dialog')).toContainText('its live connections close now');
  await page.getByRole('button', { name: 'Revoke', exact: true }).click();
  await expect(row).toContainText('Revoked');
  await expect(other.getByRole('heading', { level: 1 })).toHaveText('Access was revoked');
  // No loop: nothing asks to be let in again by itself.
  await expect(page.getByRole('article')).toHaveCount(0);
  await other.context().close();
});

test('U23 rename, rotate and remove show their result; a token is shown once and is gone', async ({ gateway, signedIn }) => {
  const [key] = await seedDevices(1, { port: gateway.port, token: TOKEN }, () => 'Old name');
  const page = await signedIn('/devices');
  const rename = await act(page, 'Old name', 'Rename');
  await expect(rename.getByLabel('Name')).toBeFocused();
  await rename.getByLabel('Name').fill('Kitchen tablet');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('row', { name: /Kitchen tablet/ })).toBeVisible();

  const tokens: string[] = [];
  const rotate = await act(page, 'Kitchen tablet', 'Rotate token');
  await rotate.getByRole('button', { name: 'Rotate', exact: true }).click();
  await expect(page.getByRole('dialog')).toContainText('token was rotated');
  const secret = page.locator('[data-secret]');
  if ((await secret.count()) > 0) {
    await expect(secret).toHaveText(/^•+$/);
    await page.getByRole('button', { name: 'New token' }).click();
    tokens.push((await secret.textContent()) ?? '');
    expect(tokens[0]).toMatch(/^[\w-]{20,}$/);
  } else {
    await expect(page.getByRole('dialog')).toContainText('gives the new token to nobody but the device');
  }
  await page.getByRole('button', { name: 'Done' }).click();
  for (const token of tokens) expect(await page.content()).not.toContain(token);
  await expect(secret).toHaveCount(0);

  await page.getByRole('link', { name: 'Kitchen tablet' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Kitchen tablet');
  await expect(page.getByText('Rotated', { exact: true })).toBeVisible();
  await expect(page.getByRole('region', { name: 'Activity' })).toContainText('was renamed');
  await expect(page.getByText(key?.id ?? '', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Devices');
  await expect(page.getByText('Kitchen tablet was removed.')).toBeVisible();
  await expect(page.getByText('Only this browser is known')).toBeVisible();
});

test('many at once: the count is typed, and this browser is left out', async ({ gateway, signedIn }) => {
  await seedDevices(5, { port: gateway.port, token: TOKEN });
  const page = await signedIn('/devices?sort=name');
  await expect(page.locator('tbody tr')).toHaveCount(6);
  for (const box of await page.getByRole('checkbox', { name: /^Select/ }).all()) await box.check();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('heading')).toHaveText('Remove 5 devices?');
  await expect(dialog).toContainText('It is left out');
  await expect(dialog.getByRole('button', { name: 'Remove' })).toBeDisabled();
  await dialog.getByLabel('Type 5 to go on').fill('5');
  await dialog.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('Only this browser is known')).toBeVisible();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
});

test('the table filters, searches and sorts by the address', async ({ gateway, page, signedIn }) => {
  await seedDevices(3, { port: gateway.port, token: TOKEN }, (index) => ['Attic', 'Barn', 'Cellar'][index] ?? '');
  const node = await FakeDevice.connect({ port: gateway.port, token: TOKEN, name: 'Pump', role: 'node', client: { id: 'node-host', mode: 'node' }, commands: ['system.run'] });
  expect(node.answer.ok).toBe(true);
  await signedIn('/devices?sort=-name&show=all');
  const names = () => page.locator('tbody th[scope=row] a').allTextContents();
  await expect(page.locator('tbody tr')).toHaveCount(5);
  const sorted = await names();
  expect(sorted.slice(1)).toEqual(['Pump', 'Cellar', 'Barn', 'Attic']);
  await expect(page.locator('tbody tr').first()).toContainText('This browser');
  await page.getByRole('button', { name: 'Device', exact: true }).click();
  await expect(page.locator('th[aria-sort=ascending]')).toHaveText('Device');
  expect((await names()).slice(1)).toEqual(['Attic', 'Barn', 'Cellar', 'Pump']);
  await page.getByLabel('Show').selectOption('Nodes');
  await expect(page.locator('tbody tr')).toHaveCount(1);
  await expect(page.getByRole('row', { name: /Pump/ })).toContainText('Connected');
  node.close();
  await expect(page.getByRole('row', { name: /Pump/ })).not.toContainText('Connected');
  await page.getByLabel('Search devices').fill('barn');
  await expect(page.getByText('No device fits')).toBeVisible();
  await page.getByRole('button', { name: 'Clear search and filter' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(5);
  expect(new URL(page.url()).search).toBe('?sort=name');
});
