// U29: whoever may only look finds every control that changes something disabled, with the scope that it takes, and nothing
// that changes anything is ever sent.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { TOKEN, expect, test } from './fixtures';
import { readyNode } from './fixtures/nodes';

const VIEWS = ['overview', 'access', 'devices', 'nodes', 'approvals', 'clients', 'activity', 'logs', 'config', 'debug', 'settings'];

/** Every method that changes something, from the catalogue itself. */
const WRITES = new Set([...readFileSync(join(import.meta.dirname, '../../crates/protocol/src/method.rs'), 'utf8').matchAll(/\bact\("([^"]+)"/g)].map(([, name]) => name).filter((name) => name !== 'connect'));

/** Notes the methods that a page calls. */
function calls(page: Page): string[] {
  const methods: string[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', ({ payload }) => {
      const frame = JSON.parse(String(payload)) as { type?: string; method?: string };
      if (frame.type === 'req' && frame.method) methods.push(frame.method);
    });
  });
  return methods;
}

/** Presses whatever can be pressed in the view and in what that opens. */
async function pressAll(page: Page): Promise<void> {
  const buttons = page.locator('main button:visible:not(:disabled):not([aria-disabled="true"]):not([data-pressed])');
  for (let pressed = 0; pressed < 40; pressed += 1) {
    const button = buttons.first();
    if ((await button.count()) === 0) return;
    await button.evaluate((element) => {
      element.setAttribute('data-pressed', '');
      if (element instanceof HTMLElement) element.click();
    });
    for (const inner of await page.locator('dialog[open] button:visible:not(:disabled):not([aria-disabled="true"])').all()) {
      if (/cancel|close/i.test((await inner.textContent().catch(() => '')) ?? '')) continue;
      await inner.evaluate((element) => element instanceof HTMLElement && element.click()).catch(() => undefined);
    }
    await page.keyboard.press('Escape');
  }
}

test('U29 a view-only sign-in changes nothing, and controls say what they take', async ({ gateway, page }) => {
  test.setTimeout(300_000);
  expect(WRITES.has('node.invoke') && WRITES.has('config.set') && !WRITES.has('node.list')).toBe(true);
  const id = await readyNode(gateway, 'attic');
  const methods = calls(page);
  await page.goto(`${gateway.origin}/overview?access=view#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const open = async (path: string) => {
    await page.goto(gateway.origin + path);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    // What is further down loads when it comes into view.
    await page.evaluate(() => document.querySelector('.foot')?.scrollIntoView());
    await expect(page.locator('main .skeleton')).toHaveCount(0);
  };
  const needs = async (name: string | RegExp, scope: string) => {
    const button = page.getByRole('button', { name, exact: true }).first();
    await expect(button).toHaveAttribute('aria-disabled', 'true');
    await expect(button).toHaveAccessibleDescription(`Needs ${scope}`);
  };
  await open(`/nodes/${id}`);
  await needs('Run', 'operator.write');
  await needs('Rename', 'operator.pairing');
  await needs('Remove', 'operator.pairing');
  await page.getByLabel('Command', { exact: true }).fill('uname');
  await page.getByLabel('Command', { exact: true }).press('Enter');
  await open(`/nodes/${id}?tab=commands`);
  await needs('Call', 'operator.write');
  await open(`/nodes/${id}?tab=rules`);
  await expect(page.locator('main')).toContainText('operator.admin');
  await open('/nodes');
  await needs('Add node', 'operator.pairing');
  await open('/devices');
  await needs('Pair new device', 'operator.pairing');
  await open('/nodes?add=1');
  await needs('Make a join code', 'operator.admin');
  await page.keyboard.press('Escape');
  await open('/approvals');
  await expect(page.locator('main')).toContainText('operator.approvals');
  await open('/approvals?tab=policy');
  await expect(page.locator('main')).toContainText('operator.admin');
  await open('/clients');
  await needs('Disconnect attic', 'operator.admin');
  for (const view of VIEWS) {
    await open(`/${view}`);
    await pressAll(page);
  }
  expect(methods.filter((method) => WRITES.has(method))).toEqual([]);
  expect(methods).toContain('node.list');
});
