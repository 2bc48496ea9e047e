// U19: everything by keyboard alone.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { Page } from '@playwright/test';
import { expect, test, TOKEN } from './fixtures';
import { askToPair, writeLog } from './fixtures/seed';

const LOG = join(tmpdir(), `openclaw-ui-keyboard-${process.pid}.log`);
test.use({ options: { config: { logging: { file: LOG } } } });

/** What has the focus, as a person would name it. */
async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return '';
    const label = element.getAttribute('aria-label') ?? (element instanceof HTMLInputElement || element instanceof HTMLSelectElement ? (element.labels?.[0]?.textContent ?? '') : (element.textContent ?? ''));
    return label.trim().replace(/\s+/g, ' ');
  });
}

/** Presses Tab until something has the focus. */
async function tabTo(page: Page, name: string | RegExp, most = 60): Promise<void> {
  const seen: string[] = [];
  for (let presses = 0; presses < most; presses += 1) {
    await page.keyboard.press('Tab');
    const now = await focused(page);
    if (typeof name === 'string' ? now === name : name.test(now)) return;
    seen.push(now);
  }
  throw new Error(`Tab does not reach ${name}; it passes ${seen.join(' | ')}`);
}

test('U19 sign in, approve a device, revoke it, change a filter, export logs', async ({ page, gateway }) => {
  await writeLog(LOG, 40);
  await page.goto(gateway.origin);
  await expect(page.getByLabel(/Token/).first()).toBeFocused();
  await page.keyboard.type(TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);

  const comeBack = await askToPair(gateway, 'Browser of Carla');
  await page.keyboard.press('g');
  await page.keyboard.press('d');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();
  await expect(page.getByText('Browser of Carla').first()).toBeVisible();
  await tabTo(page, 'Compare words');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog).toBeVisible();
  // The safest answer has the focus.
  expect(await focused(page)).toMatch(/Cancel|Not now|Close/);
  await tabTo(page, /match, approve/);
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  const row = page.getByRole('row', { name: /Browser of Carla/ });
  await expect(row).toBeVisible();
  expect((await comeBack()).answer.ok).toBe(true);
  await expect(row).toContainText('Connected');

  await tabTo(page, /Actions for Browser of Carla/, 120);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: /^Revoke/ }).or(page.getByRole('menuitem', { name: /^Revoke/ })).first()).toBeVisible();
  for (let presses = 0; presses < 8 && !/^Revoke/.test(await focused(page)); presses += 1) await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeVisible();
  await tabTo(page, 'Revoke');
  await page.keyboard.press('Enter');
  await expect(dialog).toHaveCount(0);
  await expect(row).toContainText(/evoked/);

  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await expect(page.getByRole('log')).toContainText('tailscale serve failed');
  await page.keyboard.press('/');
  await page.keyboard.type('tailscale');
  await expect(page).toHaveURL(/q=tailscale/);
  await tabTo(page, 'Level');
  await page.keyboard.type('Err');
  await expect(page).toHaveURL(/level=error/);
  await expect(page.getByRole('log')).not.toContainText('device connected');
  const saving = page.waitForEvent('download');
  await tabTo(page, 'Download');
  await page.keyboard.press('Enter');
  expect(await readFile(await (await saving).path(), 'utf8')).toContain('permission denied');
});

test('U19 the order of stops: skip link, bar, views, content', async ({ signedIn, page }) => {
  await signedIn('/settings');
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  const stops: string[] = [];
  for (let presses = 0; presses < 24; presses += 1) {
    await page.keyboard.press('Tab');
    stops.push(await focused(page));
  }
  expect(stops[0]).toBe('Skip to content');
  const at = (name: RegExp) => stops.findIndex((stop) => name.test(stop));
  const order = [at(/^Gateway|choose another/), at(/^Find/), at(/theme$/), at(/^Overview/), at(/^Settings/), at(/^As the system/)];
  expect(order.every((place) => place > 0), stops.join(' | ')).toBe(true);
  expect(order).toEqual(order.toSorted((a, b) => a - b));

  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to content' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.locator('main')).toBeFocused();
});
