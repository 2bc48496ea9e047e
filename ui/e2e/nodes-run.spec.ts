import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { allowAll, readyNode } from './fixtures/nodes';

async function run(page: Page, line: string): Promise<void> {
  await page.getByLabel('Command', { exact: true }).fill(line);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
}

test('a command that the rules do not name asks first, in place, and runs when it is allowed once', async ({ gateway, signedIn }) => {
  await readyNode(gateway, 'attic');
  const page = await signedIn('/nodes');
  await page.getByRole('link', { name: 'attic' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('attic');
  await run(page, "sh -c 'echo out; echo err >&2; exit 3'");
  const output = page.locator('.run-output');
  await expect(output.getByText('Waits for a decision:')).toBeVisible();
  // The panel leaves to the form what is shown there.
  await expect(page.locator('.approval-panel')).toHaveCount(0);
  await output.getByRole('button', { name: /^Allow once/ }).click();
  await expect(output.locator('.chip')).toHaveText('Exit code 3');
  await expect(output.getByRole('log')).toContainText('out');
  await expect(output.locator('.stderr')).toHaveText('err\n');
  // Allowed once is not allowed for ever.
  await run(page, "sh -c 'echo again'");
  await expect(output.getByText('Waits for a decision:')).toBeVisible();
  await output.getByRole('button', { name: /^Deny/ }).click();
  await expect(output.locator('.chip')).toHaveText('Denied');
  await expect(output).toContainText('Nothing ran on attic.');
});

test('an allowed program runs at once, and its line is split into words', async ({ gateway, signedIn }) => {
  const id = await readyNode(gateway, 'attic');
  await allowAll(gateway, 'attic');
  const page = await signedIn(`/nodes/${id}`);
  await page.getByLabel('Command', { exact: true }).fill('printf "%s|" "a b" c');
  await expect(page.getByRole('group', { name: 'The words that are run' }).locator('.word')).toHaveText(['printf', '%s|', 'a b', 'c']);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.run-output .chip')).toHaveText('Exit code 0');
  await expect(page.getByRole('log')).toHaveText('a b|c|');
  await run(page, 'no-such-program');
  await expect(page.locator('.run-output')).toContainText('no-such-program');
  await expect(page.locator('.run-history li')).toHaveCount(2);
  await page.getByRole('button', { name: /printf/ }).click();
  await expect(page.getByRole('log')).toHaveText('a b|c|');
});

test('a program ends at its time limit', async ({ gateway, signedIn }) => {
  const id = await readyNode(gateway, 'attic');
  await allowAll(gateway, 'attic');
  const page = await signedIn(`/nodes/${id}`);
  await page.getByText('Directory, variables, time limit').click();
  await page.getByLabel('Time limit in seconds').fill('1');
  await page.getByLabel('Variables').fill('GREETING=hello');
  await page.getByLabel('Directory', { exact: true }).fill('/');
  await page.getByRole('radio', { name: 'Shell' }).check();
  await page.getByLabel('Line for the shell').fill('echo $GREETING from $PWD; sleep 30');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.locator('.run-output .chip')).toHaveText('Ended by its time limit');
  await expect(page.getByRole('log')).toHaveText('hello from /\n');
});

test('any command can be called with JSON', async ({ gateway, signedIn }) => {
  const id = await readyNode(gateway, 'attic');
  const page = await signedIn(`/nodes/${id}?tab=commands`);
  await page.getByLabel('Command', { exact: true }).selectOption('system.which');
  await page.getByLabel('Parameters (JSON)').fill('{"bins": [');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.getByText(/^This is not JSON/)).toBeVisible();
  await page.getByLabel('Parameters (JSON)').fill('{"bins": ["sh"]}');
  await page.getByRole('button', { name: 'Call', exact: true }).click();
  await expect(page.locator('pre.output')).toContainText('/sh"');
});

test('a node is renamed, and removed for good', async ({ gateway, signedIn }) => {
  const id = await readyNode(gateway, 'attic');
  const page = await signedIn(`/nodes/${id}`);
  await page.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('barn');
  await page.getByRole('dialog').getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('barn');
  await page.getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'barn is removed' })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe('/nodes');
});

test('a node that is away keeps what is known of it', async ({ gateway, signedIn }) => {
  const child = await gateway.node('attic');
  const page = await signedIn('/nodes');
  await expect(page.locator('tr', { hasText: 'attic' })).toContainText('Connected');
  child.kill('SIGTERM');
  await expect(page.locator('tr', { hasText: 'attic' })).toContainText('Away');
  await page.getByRole('link', { name: 'attic' }).click();
  await expect(page.getByText('Commands can be run when it is connected.', { exact: false })).toBeVisible();
});

test('output is shown while the command runs, and the command is stopped', async ({ gateway, signedIn }) => {
  const id = await readyNode(gateway, 'attic');
  await allowAll(gateway, 'attic');
  const page = await signedIn(`/nodes/${id}`);
  // It writes and then waits for a file that nobody makes: what is seen is seen while it runs.
  await run(page, `sh -c 'echo first; echo oops >&2; until [ -e ${gateway.home}/go ]; do sleep 0.1; done; echo last'`);
  const output = page.locator('.run-output');
  await expect(output.getByRole('log')).toContainText('first');
  await expect(output.locator('.stderr')).toHaveText('oops\n');
  await expect(output).toHaveAttribute('data-run', 'running');
  await writeFile(`${gateway.home}/go`, '');
  await expect(output.locator('.chip')).toHaveText('Exit code 0');
  await expect(output.getByRole('log')).toContainText('last');
  await run(page, `sh -c 'echo $$ > ${gateway.home}/pid; echo started; sleep 600'`);
  await expect(output.getByRole('log')).toHaveText('started\n');
  await output.getByRole('button', { name: 'Stop' }).click();
  await expect(output.locator('.chip')).toHaveText('Stopped');
  const pid = Number(await readFile(`${gateway.home}/pid`, 'utf8'));
  await expect.poll(() => existsSync(`/proc/${pid}`)).toBe(false);
});
