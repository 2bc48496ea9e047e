import { expect, test } from './fixtures';

test('the line that the page shows makes another machine a node, and the page turns green', async ({ gateway, signedIn }) => {
  const page = await signedIn('/nodes');
  await expect(page.getByText('No node yet')).toBeVisible();
  await page.getByRole('button', { name: 'Add node' }).first().click();
  const dialog = page.getByRole('dialog');
  // This page is on the gateway's machine, which listens nowhere else: another machine needs the tunnel.
  await expect(dialog.getByRole('radio', { name: 'SSH tunnel' })).toBeChecked();
  await dialog.getByLabel('SSH login of the gateway’s machine').fill('ann@gw.example');
  await expect(dialog.getByText(`ssh -N -L ${gateway.port}:127.0.0.1:${gateway.port} `)).toContainText('ann@gw.example');
  await dialog.getByLabel('Name of the new node').fill('barn');
  await expect(dialog.getByText(`openclaw node run --host 127.0.0.1 --port ${gateway.port} --display-name barn`, { exact: true })).toBeVisible();
  await expect(dialog.getByText('Waiting for the new machine.', { exact: false })).toBeVisible();
  await dialog.getByRole('button', { name: 'Make a join code' }).click();
  await expect(dialog.getByText('The code works for', { exact: false })).toBeVisible();
  const line = await dialog.locator('.steps > li').last().locator('pre').innerText();
  expect(line).toMatch(/^openclaw connect \S+ --node --display-name barn$/);
  await gateway.elsewhere('barn', line);
  await expect(dialog.locator('.arrival')).toHaveText(/barn is connected and ready/);
  await expect(dialog.locator('.arrival.come')).toBeVisible();
  await dialog.getByRole('link', { name: 'Open it' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('barn');
  await expect(page.getByLabel('Command', { exact: true })).toBeVisible();
});

test('a service is a file and the commands that start it', async ({ signedIn }) => {
  const page = await signedIn('/nodes?add=1');
  await page.getByRole('radio', { name: 'Always, as a service' }).check();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('ExecStart=/bin/sh -lc "exec openclaw node run', { exact: false })).toBeVisible();
  await expect(dialog.getByText('systemctl --user enable --now openclaw-node.service', { exact: false })).toBeVisible();
  // Opening the address alone made no code.
  await expect(dialog.getByRole('button', { name: 'Make a join code' })).toBeVisible();
});
