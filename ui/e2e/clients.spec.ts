import { expect, test } from './fixtures';
import { readyNode } from './fixtures/nodes';

test('connections are listed with the gateway first, and one is ended', async ({ gateway, signedIn }) => {
  await readyNode(gateway, 'attic');
  const page = await signedIn('/clients');
  const rows = page.locator('.clients tbody tr');
  await expect(rows.first()).toContainText('This gateway');
  await expect(page.locator('tr', { hasText: 'This page' })).toContainText('Full control');
  await expect(page.locator('tr', { hasText: 'attic' })).toContainText('Serves as a node');
  await expect(page.locator('tr', { hasText: 'This page' }).getByRole('button')).toHaveCount(0);
  const since = page.locator('tr', { hasText: 'attic' });
  await since.getByRole('button', { name: 'Disconnect attic' }).click();
  await expect(page.getByRole('dialog').getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'attic is disconnected' })).toBeVisible();
  const { entries } = (await gateway.json('gateway', 'call', 'audit.list', '--params', '{"kind":"client.disconnect"}')) as { entries: unknown[] };
  expect(entries).toHaveLength(1);
  // The row leads to what the device may do.
  await page.getByRole('link', { name: 'attic' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('attic');
});
