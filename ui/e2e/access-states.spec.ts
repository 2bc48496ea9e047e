import { writeFile } from 'node:fs/promises';
import { expect, test, TOKEN } from './fixtures';

const WRITES = ['config.set', 'config.patch', 'config.apply', 'config.confirm', 'device.pair.setupCode'];

test('U29 view only: access and config are shown, nothing can be written, and the scope is named', async ({ page, gateway }) => {
  const sent: string[] = [];
  page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => sent.push(String((JSON.parse(String(payload)) as { method?: string }).method))));
  await page.goto(`${gateway.origin}/access?access=view#token=${TOKEN}`);
  await expect(page.getByText('You see everything and change nothing here')).toBeVisible();
  const generate = page.getByRole('button', { name: 'Generate a new token' });
  await expect(generate).toHaveAttribute('aria-disabled', 'true');
  await expect(generate).toHaveAccessibleDescription(/operator\.admin/);
  await page.getByRole('radio', { name: /^Your network/ }).check();
  await expect(page.getByRole('button', { name: 'Review and apply' })).toHaveAttribute('aria-disabled', 'true');
  await page.getByRole('link', { name: 'Config' }).first().click();
  await expect(page.getByText('Changing them needs operator.admin')).toBeVisible();
  await expect(page.locator('[data-setting="gateway.port"] input')).toBeDisabled();
  await page.getByRole('tab', { name: 'File as text' }).click();
  await expect(page.getByRole('textbox', { name: 'Text of the config file, JSON5' })).toHaveAttribute('readonly');
  expect(sent.filter((method) => WRITES.includes(method))).toEqual([]);
});

test('edits stay while the gateway is away, and are saved when it is back', async ({ gateway, signedIn }) => {
  const page = await signedIn('/config');
  const reload = page.locator('[data-setting="gateway.reload.mode"]').getByRole('combobox');
  await reload.selectOption('hot');
  await gateway.end();
  await expect(page.getByText(/as of/).first()).toBeVisible();
  await expect(reload).toHaveValue('hot');
  await page.getByRole('button', { name: 'Review and save' }).focus();
  await expect(page.getByRole('button', { name: 'Review and save' })).toHaveAttribute('aria-disabled', 'true');
  await gateway.run();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.getByRole('button', { name: 'Review and save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved. The gateway applies it by itself.').first()).toBeVisible();
  expect(await gateway.json('config', 'get', 'gateway.reload.mode')).toBe('hot');
});

test('a file with settings that cannot be used: what is wrong, and the way back', async ({ gateway, signedIn }) => {
  const page = await signedIn('/config');
  const text = await gateway.config();
  await writeFile(gateway.configPath, text.replace('"mode": "token"', '"mode": "tokn"'), { mode: 0o600 });
  await page.reload();
  await expect(page.getByText('The file holds settings that cannot be used')).toBeVisible();
  await expect(page.getByText('openclaw config rollback')).toBeVisible();
  await page.getByRole('tab', { name: 'File as text' }).click();
  await expect(page.locator('.line-issue').first()).toContainText('gateway.auth.mode');
});
