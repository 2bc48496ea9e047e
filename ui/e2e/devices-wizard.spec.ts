import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect, test } from './fixtures';
import { allowRemote, wordsOn } from './fixtures/remote';
import { TOKEN } from './fixtures/gateway';

const BINARY = process.env['OPENCLAW_TEST_BINARY'] ?? resolve(import.meta.dirname, '../../target/debug/openclaw');

test('a browser comes in with a one-time link, and the wizard says so as it happens', async ({ browser, gateway, page, signedIn }) => {
  await allowRemote(gateway);
  await signedIn('/devices');
  await page.getByRole('button', { name: 'Pair new device' }).first().click();
  const wizard = page.getByRole('dialog');
  await expect(wizard).toContainText('What do you want to pair?');
  await wizard.getByRole('button', { name: 'Next' }).click();
  // The least that is useful is preselected.
  await expect(wizard.getByRole('radio', { name: /^Approver/ })).toBeChecked();
  await wizard.getByRole('button', { name: 'Next' }).click();
  await expect(wizard).toContainText('Only this machine can reach the gateway');
  await expect(wizard).toContainText(`ssh -N -L ${gateway.port}:127.0.0.1:${gateway.port}`);
  await expect(wizard.locator('.live-line')).toHaveAttribute('data-state', 'waiting');
  const link = (await wizard.locator('.command code', { hasText: '#bootstrapToken=' }).textContent()) ?? '';

  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(link);
  await expect(other.locator('.health')).toContainText(/Live|Slow/);
  expect(other.url()).not.toContain('bootstrapToken');
  await expect(wizard.locator('.live-line')).toHaveAttribute('data-state', 'approved');
  await expect(wizard.locator('.live-line')).toContainText('is in.');
  await wizard.getByRole('button', { name: 'Show it' }).click();
  await expect(page.getByText('Approver', { exact: true }).first()).toBeVisible();
  await context.close();
});

test('without a code the other browser asks, is seen, and is let in by words', async ({ browser, gateway, page, signedIn }) => {
  await allowRemote(gateway);
  await signedIn('/devices?pair=browser');
  const wizard = page.getByRole('dialog').first();
  await wizard.getByRole('button', { name: 'Next' }).click();
  await wizard.getByRole('button', { name: 'Next' }).click();
  await wizard.getByRole('checkbox', { name: /lets one browser in by itself/ }).uncheck();
  const line = wizard.locator('.live-line');
  await expect(line).toHaveAttribute('data-state', 'waiting');
  const context = await browser.newContext();
  const other = await context.newPage();
  await other.goto(`${gateway.remoteOrigin}/overview?access=approve#token=${TOKEN}`);
  await other.getByRole('button', { name: 'Continue unencrypted for this tab' }).click();
  const words = await wordsOn(other);
  await expect(line).toHaveAttribute('data-state', 'seen');
  await line.getByRole('button', { name: 'Compare words' }).click();
  const question = page.getByRole('dialog').last();
  await expect(question.locator('.words')).toHaveText(words);
  await question.getByRole('button', { name: 'They match, approve' }).click();
  await expect(line).toHaveAttribute('data-state', 'approved');
  await expect(other.locator('.health')).toContainText(/Live|Slow/);
  await context.close();
});

test('a computer comes in as a node with the command of the wizard, and codes can be revoked', async ({ gateway, page, signedIn }) => {
  await signedIn('/devices?pair=node');
  const wizard = page.getByRole('dialog');
  await wizard.getByRole('button', { name: 'Next' }).click();
  await expect(wizard).toContainText('A node has no say over the gateway');
  await wizard.getByRole('button', { name: 'Next' }).click();
  const command = (await wizard.locator('.command code', { hasText: 'openclaw connect --node' }).textContent()) ?? '';
  const [, ...args] = command.trim().split(' ');
  const home = join(gateway.home, 'computer');
  await mkdir(home);
  const { PATH } = process.env;
  const node = spawn(BINARY, [...args, '--display-name', 'Computer'], { env: { PATH, HOME: home, LANG: 'C.UTF-8' }, stdio: 'ignore' });
  try {
    await expect(wizard.locator('.live-line')).toHaveAttribute('data-state', 'approved');
    await expect(wizard.locator('.live-line')).toContainText('Computer is in.');
    await wizard.getByRole('button', { name: 'Done' }).click();
    await expect(page.getByRole('row', { name: /Computer/ })).toContainText('Connected');
  } finally {
    node.kill();
  }

  await page.getByRole('button', { name: 'Pair new device' }).first().click();
  await wizard.getByRole('radio', { name: /^A phone app/ }).check();
  await wizard.getByRole('button', { name: 'Next' }).click();
  await expect(wizard.getByRole('radio', { name: /^Limited/ })).toBeChecked();
  await wizard.getByRole('button', { name: 'Next' }).click();
  await wizard.getByText('Show the code all the same').click();
  await expect(wizard.getByRole('img', { name: 'QR code with the setup code' })).toBeVisible();
  await wizard.getByRole('button', { name: 'Done' }).click();
  const codes = page.getByRole('table', { name: 'Codes that still work' });
  await expect(codes.locator('tbody tr')).toHaveCount(1);
  await expect(codes).toContainText('Phone, limited');
  await codes.getByRole('button', { name: /^Revoke the code/ }).click();
  await expect(codes).toHaveCount(0);
});
