// U34: the Control UI of 2026.1.30, unchanged, with our gateway.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import { FAR, NODE, TOKEN, ask, expect, test } from './fixtures';

test.use({ release: '2026.1.30', viewport: { width: 1280, height: 1200 } });

const health = (page: Page): Locator => page.locator('.topbar .pill').filter({ hasText: 'Health' });
const card = (page: Page, text: string): Locator => page.locator('.card').filter({ hasText: text });
const follow = (page: Page, name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click();

test('U34 2026.1.30: every view of remote access fills', async ({ open, gateway }) => {
  const page = await open('/overview');

  await test.step('Overview', async () => {
    await expect(health(page)).toContainText('OK');
    const snapshot = card(page, 'Latest gateway handshake information');
    await expect(snapshot).toContainText('Connected');
    await expect(snapshot.locator('.stat').filter({ hasText: 'Uptime' })).toContainText(/\d+s/);
    await expect(page.getByLabel('WebSocket URL')).toHaveValue(`ws://127.0.0.1:${gateway.port}`);
    await expect(page.locator('.stat-card, .card').filter({ hasText: 'Presence beacons' })).toContainText('3');
  });

  await test.step('Instances', async () => {
    await follow(page, 'Instances');
    const entries = card(page, 'Connected Instances').locator('.list-item');
    await expect(entries).toHaveCount(3);
    await expect(entries.filter({ hasText: NODE })).toContainText('Linux');
    await expect(entries.filter({ hasText: 'Chromium on Linux' })).toContainText('operator.admin');
    await expect(entries.filter({ hasText: 'Reason self' })).toContainText('gateway');
  });

  await test.step('Nodes, exec approvals of the gateway and of the node', async () => {
    await follow(page, 'Nodes');
    const node = card(page, 'Paired devices and live links.').locator('.list-item').filter({ hasText: NODE });
    for (const chip of ['connected', 'paired', 'system.run']) await expect(node).toContainText(chip);

    const approvals = card(page, 'Exec approvals');
    const choice = (of: string): Locator => approvals.locator('.list-item').filter({ hasText: of }).getByRole('combobox').first();
    await expect(choice('Default security mode')).toHaveValue('deny');
    await choice('Default security mode').selectOption('allowlist');
    await approvals.getByRole('button', { name: 'Save' }).click();
    await expect(approvals.getByRole('button', { name: 'Save' })).toBeDisabled();
    const file = join(gateway.stateDir, 'exec-approvals.json');
    await expect.poll(async () => readFile(file, 'utf8').catch(() => '')).toContain('"security": "allowlist"');
    await choice('Gateway edits local approvals').selectOption('node');
    await approvals.getByRole('button', { name: 'Load approvals' }).click();
    await expect(choice('Default security mode')).toBeVisible();
  });

  await test.step('Config, saved from the form and as text', async () => {
    await follow(page, 'Config');
    const state = page.locator('.config-actions');
    const number = page.locator('.config-main').getByRole('spinbutton');
    await page.getByRole('button', { name: 'Gateway', exact: true }).click();
    await expect(state).toContainText('No changes');
    await expect(page.getByText(/Unsupported schema|can't safely edit/)).toHaveCount(0);
    await page.getByRole('button', { name: 'Port', exact: true }).click();
    await expect(number).toHaveValue(String(gateway.port));
    await page.getByRole('button', { name: 'Ping interval ms' }).click();
    await number.fill('25000');
    await expect(state).toContainText('1 unsaved change');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(() => gateway.config()).toContain('25000');
    await expect(state).toContainText('No changes');

    await page.getByRole('button', { name: 'Raw', exact: true }).click();
    const raw = page.getByLabel('Raw JSON5');
    await expect(raw).toHaveValue(/allowedOrigins/);
    const text = await raw.inputValue();
    expect(text).not.toContain(TOKEN);
    await raw.fill(text.replace('{', '{ ui: { seamColor: "#123456" },'));
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await expect.poll(() => gateway.config()).toContain('#123456');
    expect(await gateway.config()).toContain(TOKEN);
    await expect(state).toContainText('No changes');
  });

  await test.step('Debug, with a call by hand', async () => {
    await follow(page, 'Debug');
    await expect(page.locator('pre').filter({ hasText: 'runtimeVersion' })).toBeVisible();
    await expect(page.locator('pre').filter({ hasText: 'heartbeatSeconds' })).toBeVisible();
    await page.getByLabel('Method').fill('node.list');
    await page.getByRole('button', { name: 'Call' }).click();
    await expect(page.locator('pre').filter({ hasText: `"displayName": "${NODE}"` })).toBeVisible();
  });

  await test.step('Logs, following', async () => {
    await follow(page, 'Logs');
    await expect(page.getByText(join(gateway.home, 'gateway.log')).first()).toBeVisible();
    const rows = page.locator('.log-row');
    await expect(rows.filter({ hasText: `listening on ws://127.0.0.1:${gateway.port}` }).first()).toBeVisible();
    await expect(rows.filter({ hasText: '"_meta"' })).toHaveCount(0);
    const before = await rows.count();
    await gateway.cli('config', 'set', 'logging.level', 'debug');
    await expect.poll(() => rows.count()).toBeGreaterThan(before);
  });

  await test.step('views of what this gateway does not run: empty', async () => {
    for (const [tab, text] of [
      ['Channels', 'Channel health'],
      ['Sessions', 'Active session keys'],
      ['Cron Jobs', 'Scheduler'],
      ['Skills', 'Bundled, managed'],
      ['Chat', 'Direct gateway chat session'],
    ] as const) {
      await follow(page, tab);
      await expect(page.getByText(text).first()).toBeVisible();
      await expect(page.locator('.pill.danger')).toHaveCount(0);
    }
  });
});

test('U34 2026.1.30: a browser from elsewhere waits, is approved here, and comes in', async ({ open, far, problems }) => {
  problems.expect(/connect failed: pairing required/);
  const visitor = await open('/overview', { elsewhere: true, port: far.port });
  await expect(visitor.getByText(/pairing required/).first()).toBeVisible();
  await expect(health(visitor)).toContainText('Offline');

  const page = await open('/nodes');
  const devices = card(page, 'Pairing requests + role tokens');
  const request = devices.locator('.list-item').filter({ hasText: FAR });
  await expect(request).toContainText('Chromium on Linux');
  await request.getByRole('button', { name: 'Approve' }).click();
  await expect(devices.getByText('Pending')).toHaveCount(0);
  await expect(health(visitor)).toContainText('OK');
});

test('U34 2026.1.30: an exec approval is asked for in every view and decided', async ({ open, gateway }) => {
  const page = await open('/instances');
  await expect(health(page)).toContainText('OK');
  const decision = ask(gateway);
  const prompt = page.getByRole('dialog').filter({ hasText: 'Exec approval needed' });
  await expect(prompt).toContainText('echo from-the-attic');
  await expect(prompt).toContainText('/srv');
  await prompt.getByRole('button', { name: 'Allow once' }).click();
  expect(await decision).toBe('allow-once');
  await expect(prompt).toHaveCount(0);
});
