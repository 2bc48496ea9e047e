// U34: the Control UI of 2026.9.6, unchanged, with our gateway.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { FAR, NODE, TOKEN, ask, expect, test } from './fixtures';

test.use({ release: '2026.9.6', viewport: { width: 1280, height: 1200 } });

const main = (page: Page): Locator => page.getByRole('main');

/** Follows the navigation of the settings. */
async function follow(page: Page, name: string, title: string): Promise<void> {
  await page.getByRole('link', { name, exact: true }).click();
  await expect(page).toHaveTitle(new RegExp(`^${title} `));
}

test('U34 2026.9.6: the sign-in card takes the token, and every settings view of remote access fills', async ({
  open,
  gateway,
  problems,
}) => {
  problems.expect(/connect failed: unauthorized: gateway token missing/);
  const page = await open('/settings/connection', { withoutToken: true });

  await test.step('sign-in, Gateway', async () => {
    await page.getByPlaceholder('Paste the token or type the password').fill(TOKEN);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await expect(main(page)).toContainText(`Connected to 127.0.0.1:${gateway.port}`);
    await expect(main(page)).toContainText(/Samples: \d+\/100/);
    await expect(main(page)).toContainText(/Gateway process\s*\d+%/);
    await expect(main(page)).toContainText(/Main thread\s*\d+%/);
    await expect(main(page)).toContainText(/heap \d+ MB/);
    await expect(main(page)).toContainText(/PID \d+/);
    await expect(main(page)).toContainText('Saved sign-in for this gateway');
  });

  await test.step('Devices, exec approvals of the gateway and of the node', async () => {
    await follow(page, 'Devices', 'Devices');
    await expect(main(page)).toContainText('2 of 2 connected');
    await expect(main(page).getByRole('img', { name: /Memory: .* used/ })).toBeVisible();
    await expect(main(page).getByRole('img', { name: /Disk: .* available/ })).toBeVisible();
    await expect(main(page)).toContainText(new RegExp(`${NODE}\\s*connected`));

    const mode = page.getByRole('combobox', { name: 'Mode' }).first();
    await expect(mode).toHaveValue('deny');
    await mode.selectOption('allowlist');
    await page.getByRole('button', { name: 'Save' }).first().click();
    const file = join(gateway.stateDir, 'exec-approvals.json');
    await expect.poll(async () => readFile(file, 'utf8').catch(() => '')).toContain('"security": "allowlist"');
    await page.getByRole('combobox', { name: 'Host' }).selectOption('node');
    await page.getByRole('button', { name: 'Load approvals' }).click();
    await expect(page.getByRole('combobox', { name: 'Mode' }).first()).toBeVisible();
  });

  await test.step('Security', async () => {
    await follow(page, 'Privacy & Security', 'Privacy & Security');
    await expect(main(page)).toContainText(/Gateway auth\s*token/);
  });

  await test.step('Infrastructure, saved from the form', async () => {
    await follow(page, 'Infrastructure', 'Infrastructure');
    await expect(page.getByRole('spinbutton', { name: 'Port', exact: true })).toHaveValue(String(gateway.port));
    await expect(page.getByText('Unsupported schema')).toHaveCount(0);
    await page.getByRole('tab', { name: 'Discovery' }).click();
    await page.getByRole('textbox', { name: 'Display name' }).fill('Attic gateway');
    await page.keyboard.press('Tab');
    await expect.poll(() => gateway.config()).toContain('Attic gateway');
    expect(await gateway.config()).toContain(TOKEN);
  });

  await test.step('Advanced, saved as text', async () => {
    await follow(page, 'Advanced', 'Advanced');
    await page.getByRole('button', { name: 'Raw', exact: true }).click();
    await page.getByRole('button', { name: 'Toggle raw config redaction' }).click();
    const raw = main(page).getByRole('textbox').last();
    await expect(raw).toHaveValue(/Attic gateway/);
    const text = await raw.inputValue();
    expect(text).not.toContain(TOKEN);
    await raw.fill(text.replace('Attic gateway', 'Cellar gateway'));
    await main(page).getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(() => gateway.config()).toContain('Cellar gateway');
    expect(await gateway.config()).toContain(TOKEN);
  });

  await test.step('Debug, with a call by hand', async () => {
    await follow(page, 'Debug', 'Debug');
    await expect(main(page)).toContainText('"runtimeVersion"');
    await expect(main(page)).toContainText('"heartbeatSeconds"');
    await expect(main(page)).not.toContainText('Failed');
    await page.getByRole('combobox', { name: 'Method' }).selectOption('node.list');
    await page.getByRole('button', { name: 'Call' }).click();
    await expect(main(page)).toContainText(`"displayName": "${NODE}"`);
  });

  await test.step('Logs, following', async () => {
    await follow(page, 'Logs', 'Logs');
    await expect(main(page)).toContainText(`File: ${join(gateway.home, 'gateway.log')}`);
    await expect(main(page)).toContainText(`listening on ws://127.0.0.1:${gateway.port}`);
    await expect(main(page)).not.toContainText('{"subsystem"');
    const rows = main(page).locator('.log-row');
    const before = await rows.count();
    await gateway.cli('config', 'set', 'logging.level', 'debug');
    await expect.poll(() => rows.count()).toBeGreaterThan(before);
  });

  await test.step('Appearance, Updates, About', async () => {
    for (const name of ['Appearance', 'Updates', 'About']) await follow(page, name, name);
  });
});

test('U34 2026.9.6: a browser from elsewhere waits, is approved in Devices, and comes in', async ({ open, far, problems }) => {
  problems.expect(/connect failed: pairing required/);
  const visitor = await open('/settings/connection', { elsewhere: true, port: far.port });
  await expect(visitor.getByRole('heading', { name: 'Approve this browser' })).toBeVisible();
  await expect(visitor.getByText(/openclaw devices approve [0-9a-f-]{36}/)).toBeVisible();

  const page = await open('/settings/devices');
  await expect(page.getByRole('heading', { name: 'Pending approval 1' })).toBeVisible();
  await page.getByText('Details').first().click();
  await expect(main(page)).toContainText('Chromium on Linux');
  await expect(main(page)).toContainText(FAR);
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Pending approval' })).toHaveCount(0);
  await expect(main(page)).toContainText('approved just now');
  await expect(main(visitor)).toContainText(`Connected to 127.0.0.1:${far.port}`);
});

test('U34 2026.9.6: Home is calm, Systems lists the machines, an exec approval is decided in the inbox', async ({ open, gateway }) => {
  const page = await open('/chat');
  await expect(page.getByRole('heading', { name: 'No AI provider configured' })).toBeVisible();

  await page.getByRole('link', { name: 'Systems' }).click();
  const machines = page.getByRole('region', { name: 'Machines' });
  await expect(machines.getByRole('heading', { name: 'Paired nodes 1' })).toBeVisible();
  await expect(main(page)).toContainText('Gateway host');
  await expect(main(page)).toContainText(/Memory used[\s\S]*\d GB/);
  await machines.getByRole('button', { name: new RegExp(`^${NODE}`) }).click();
  await expect(main(page).getByRole('heading', { name: NODE })).toBeVisible();

  const decision = ask(gateway);
  await page.getByRole('button', { name: '1 inbox item' }).click();
  const inbox = page.getByRole('dialog', { name: 'Inbox' });
  await expect(inbox).toContainText('echo from-the-attic');
  await inbox.getByRole('button', { name: /^Allow once/ }).click();
  expect(await decision).toBe('allow-once');
  await expect(page.getByRole('button', { name: '1 inbox item' })).toHaveCount(0);

  await page.goto(new URL('/settings/approvals', page.url()).href);
  await expect(page.getByRole('row').filter({ hasText: 'echo from-the-attic' })).toContainText(/allow/i);
});
