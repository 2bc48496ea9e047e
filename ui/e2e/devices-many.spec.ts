import { expect, test } from './fixtures';
import { seedDevices } from './fixtures/devices';
import { TOKEN } from './fixtures/gateway';

/** Elements of the page with 50 devices. */
const NODES = 4000;

test('U14 fifty devices stay within the elements of the page, and two hundred are searched in it', async ({ gateway, page, signedIn }) => {
  await seedDevices(49, { port: gateway.port, token: TOKEN });
  await signedIn('/devices');
  await expect(page.locator('tbody tr')).toHaveCount(20);
  await page.getByRole('button', { name: 'Show 20 more' }).click();
  await page.getByRole('button', { name: 'Show 10 more' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(50);
  expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThanOrEqual(NODES);

  await seedDevices(150, { port: gateway.port, token: TOKEN }, (index) => `Late ${index + 1}`);
  await expect(page.getByText('200 of 200')).toBeVisible();
  await expect(page.locator('tbody tr')).toHaveCount(60);
  await expect(page.getByRole('button', { name: 'Show 20 more' })).toBeVisible();
  await page.getByLabel('Search devices').fill('late 149');
  await expect(page.locator('tbody tr')).toHaveCount(1);
});
