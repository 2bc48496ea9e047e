import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures';

test('what happens appears, in words, and can be looked into, found and saved', async ({ signedIn, gateway, page }) => {
  await signedIn('/activity');
  const table = page.getByRole('table', { name: 'Activity, newest first' });
  await expect(table).toContainText('Gateway started');
  await expect(table.getByRole('row', { name: /Device approved/ }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Gateway started' }).click();
  await expect(page.getByRole('dialog')).toContainText(`127.0.0.1:`);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Gateway started' })).toBeFocused();

  await page.getByLabel('Kind').selectOption('pairing');
  await expect(table).not.toContainText('Gateway started');
  expect(page.url()).toContain('kind=pairing');
  await page.getByLabel('Text').fill('nothing like this');
  await expect(page.getByText('No line passes the filter')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).first().click();
  await expect(table).toContainText('Gateway started');

  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export CSV' }).click();
  const csv = await readFile(await (await saving).path(), 'utf8');
  expect(csv.split('\r\n')[0]).toBe('id,time,kind,result,actor,actorName,object,objectName,ip,detail');
  expect(csv).toContain(',start,ok,gateway,');

  await page.getByRole('button', { name: 'Verify the record' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'nothing in them was changed' })).toBeVisible();
  expect(gateway.port).toBeGreaterThan(0);
});
