import { expect, test, TOKEN } from './fixtures';

test('Debug: a call shows its answer without secrets, a refusal its reason, and bad JSON is not sent', async ({ signedIn }) => {
  const page = await signedIn('/debug');
  await page.getByLabel('Method').fill('device.pair.list');
  await page.getByLabel('Parameters (JSON)').fill('{"a": ');
  await expect(page.getByText(/^This is not JSON: /)).toBeVisible();
  const send = page.getByRole('main').getByRole('button', { name: 'Call', exact: true });
  await expect(send).toBeDisabled();
  await page.getByLabel('Parameters (JSON)').fill('[]');
  await expect(page.getByText('Parameters are an object: {"limit": 10}')).toBeVisible();
  await page.getByLabel('Parameters (JSON)').fill('{}');
  await expect(page.getByText('openclaw gateway call device.pair.list')).toBeVisible();
  await send.click();
  await expect(page.getByText(/^device\.pair\.list answered in \d+ ms/).first()).toBeVisible();
  await page.getByLabel('Method').fill('no.such.method');
  await expect(page.getByText('This gateway does not offer no.such.method. The call will be refused.')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/^no\.such\.method was refused after \d+ ms: /).first()).toBeVisible();
  await page.getByRole('button', { name: 'device.pair.list', exact: true }).click();
  await expect(page.getByLabel('Method')).toHaveValue('device.pair.list');
  await page.getByLabel('Method').fill('config.get');
  await send.click();
  await expect(page.getByText(/^config\.get answered in/).first()).toBeVisible();
  expect(await page.content()).not.toContain(TOKEN);
});

test('Debug: the bundle for helpers holds no token', async ({ signedIn }) => {
  const page = await signedIn('/debug?tab=support');
  await page.getByRole('button', { name: 'Collect' }).click();
  const bundle = page.getByRole('main').locator('pre').last();
  await expect(bundle).toContainText('"browser"');
  const text = await bundle.innerText();
  expect(text).toContain('"reach"');
  expect(text).not.toContain(TOKEN);
});

test('Settings: what is chosen holds at once, in other tabs, and after a reload', async ({ signedIn, context, gateway }) => {
  const page = await signedIn('/settings');
  await page.getByRole('radio', { name: 'Dark' }).check({ force: true });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.getByRole('radio', { name: 'Compact' }).check({ force: true });
  await expect(page.locator('html')).toHaveAttribute('data-density', 'compact');
  await page.reload();
  await expect(page.getByRole('radio', { name: 'Dark' })).toBeChecked();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.locator('html')).toHaveAttribute('data-density', 'compact');
  const other = await context.newPage();
  await other.goto(`${gateway.origin}/settings`);
  await expect(other.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('Settings: everything that is stored can be seen, and forgotten in one go', async ({ signedIn }) => {
  const page = await signedIn('/settings');
  const stored = page.getByRole('table', { name: 'What this page keeps in the browser' });
  await expect(stored.getByRole('row')).not.toHaveCount(1);
  await expect(page.locator('.foot .words')).toBeVisible();
  await expect(page.locator('.foot .words')).toHaveText(await page.locator('main .card .words').first().innerText().then((text) => text.replace(/\s+/g, ' ')));
  await page.locator('.card', { has: stored }).getByRole('button').first().click();
  // The page loads itself once everything is gone.
  const loaded = page.waitForEvent('load');
  await page.getByRole('dialog').getByRole('button').last().click();
  await loaded;
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Sign in/);
  expect(await page.evaluate(() => Object.keys(localStorage).join(' '))).not.toMatch(/token|identity|secret/i);
});
