import type { Page } from '@playwright/test';
import { expect, freePort, Gateway, test, TOKEN } from './fixtures';

function setting(page: Page, path: string) {
  return page.locator(`[data-setting="${path}"]`);
}

function keep(page: Page) {
  return page.getByRole('region', { name: 'Keep these settings?' });
}

/** Ten seconds are the least that a gateway takes. */
async function applyFor10Seconds(page: Page): Promise<void> {
  const dialog = page.getByRole('dialog', { name: 'Review the change' });
  await dialog.getByRole('combobox', { name: 'Take it back by itself after' }).selectOption('10000');
  await dialog.getByRole('button', { name: 'Apply, then ask me' }).click();
  await expect(keep(page)).toBeVisible();
}

async function changePort(page: Page, port: number): Promise<void> {
  await setting(page, 'gateway.port').getByRole('textbox').fill(String(port));
  await page.getByRole('button', { name: 'Review and save' }).click();
}

test('U26 a port that this browser does not follow to is taken back, and the page says so', async ({ gateway, signedIn }) => {
  const before = await gateway.config();
  const page = await signedIn('/config');
  const port = await freePort();
  await changePort(page, port);
  await expect(page.getByRole('dialog')).toContainText(`The page moves to http://127.0.0.1:${port}/`);
  await applyFor10Seconds(page);
  await expect(keep(page)).toContainText('gateway.port');
  // The page knows that only its present connection is left.
  await expect(keep(page).getByText(/does not get in|does not reach the gateway/)).toBeVisible();
  expect(await gateway.config()).toContain(String(port));
  await expect(page.getByText('The gateway took the settings back')).toBeVisible();
  expect(await gateway.config()).toBe(before);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(setting(page, 'gateway.port').getByRole('textbox')).toHaveValue(String(gateway.port));
});

test('U26 the origin of this page goes: refused, then back by itself, and the page says so', async ({ page }) => {
  const port = await freePort();
  const gateway = await Gateway.start({ gateway: { controlUi: { allowedOrigins: [`http://gw.test:${port}`] } }, port });
  try {
    const before = await gateway.config();
    await page.goto(`${gateway.remoteOrigin}/config`);
    await page.getByRole('button', { name: 'Continue unencrypted for this tab' }).click();
    await page.getByLabel('Token or setup code').fill(TOKEN);
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Approve this browser');
    const listed = (await gateway.json('devices', 'list')) as { pending: { requestId: string }[] };
    await gateway.cli('devices', 'approve', listed.pending[0]?.requestId ?? '');
    await setting(page, 'gateway.controlUi.allowedOrigins').getByRole('textbox').fill('https://elsewhere.example');
    await page.getByRole('button', { name: 'Review and save' }).click();
    await expect(page.getByRole('dialog')).toContainText('This browser loses its way in');
    await applyFor10Seconds(page);
    // Its connection ends, as it would with any restart of a router.
    const clients = (await gateway.json('gateway', 'call', 'clients.list')) as { clients: { connId: string; via: string }[] };
    const mine = clients.clients.find(({ via }) => via !== 'control');
    await gateway.cli('gateway', 'call', 'clients.disconnect', '--params', JSON.stringify({ connId: mine?.connId }));
    await expect(keep(page)).toContainText('This browser does not reach the gateway now');
    await expect(page.getByText('The gateway took the settings back')).toBeVisible();
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    expect(await gateway.config()).toBe(before);
  } finally {
    await gateway.close();
  }
});

test('a change that is confirmed stays, also after a reload meanwhile', async ({ gateway, signedIn }) => {
  const page = await signedIn('/config');
  await setting(page, 'gateway.controlUi.allowedOrigins').getByRole('textbox').fill('https://panel.example');
  await page.getByRole('button', { name: 'Review and save' }).click();
  await expect(page.getByRole('dialog')).toContainText('This browser stays connected the same way');
  await page.getByRole('dialog').getByRole('button', { name: 'Apply, then ask me' }).click();
  await expect(keep(page)).toContainText('A new connection from this browser gets in');
  await page.reload();
  await expect(keep(page)).toContainText('You changed');
  await keep(page).getByRole('button', { name: 'Keep', exact: true }).click();
  await expect(page.getByText('The settings stay.')).toBeVisible();
  expect(await gateway.json('config', 'get', 'gateway.controlUi.allowedOrigins')).toEqual(['https://panel.example']);
});

test('a change is taken back at once when the person says so, and another browser sees it wait', async ({ gateway, context, signedIn }) => {
  const before = await gateway.config();
  const page = await signedIn('/config');
  const other = await context.newPage();
  await other.goto(`${gateway.origin}/overview`);
  await expect(other.locator('.health')).toContainText(/Live|Slow/);
  await setting(page, 'gateway.auth.allowTailscale').getByRole('combobox').selectOption('false');
  await page.getByRole('button', { name: 'Review and save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Apply, then ask me' }).click();
  await expect(keep(other)).toContainText('gateway.auth.allowTailscale');
  const late = await context.newPage();
  await late.goto(`${gateway.origin}/devices`);
  await expect(keep(late), 'a tab opened later asks as well').toContainText('gateway.auth.allowTailscale');
  await keep(other).getByRole('button', { name: 'Take back now' }).click();
  await expect(other.getByText('You took the settings back.')).toBeVisible();
  await expect(page.getByText('The gateway took the settings back')).toBeVisible();
  expect(await gateway.config()).toBe(before);
});
