// U24: many devices, nodes and lines. Times are printed; they fail with OPENCLAW_UI_STRICT=1 only.

import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { seed, writeLog } from './fixtures/seed';
import { STRICT } from './fixtures/strict';
import { show } from './fixtures/views';

const LOG = join(tmpdir(), `openclaw-ui-scale-${process.pid}.log`);
// A trace copies the whole document at every step, which is what would be measured.
test.use({ options: { config: { logging: { file: LOG } } }, trace: 'off' });

/** Milliseconds that an interaction keeps the page from painting, the best of five. */
async function latency(page: Page, act: () => Promise<void>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    await page.evaluate(() => {
      window.slowest = 0;
      window.slowestWatch ??= new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.slowest = Math.max(window.slowest ?? 0, entry.duration);
      });
      window.slowestWatch.observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
    });
    await act();
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50))));
    times.push(await page.evaluate(() => window.slowest ?? 0));
  }
  return Math.min(...times);
}

declare global {
  interface Window {
    slowest?: number;
    slowestWatch?: PerformanceObserver;
  }
}

test('U24 200 devices, 50 nodes, 5 000 lines: interactions below 100 ms, heap below 25 MB', async ({ signedIn, gateway, page }) => {
  await writeLog(LOG, 6000);
  const seeded = await seed(gateway, { devices: 200, nodes: 50 });
  await signedIn('/devices');
  const figures: Record<string, number> = {};
  await expect(page.getByRole('table').first()).toContainText('Device');
  await page.getByLabel('Search devices').focus();
  figures['devices: filter'] = await latency(page, async () => {
    await page.keyboard.press('a');
    await page.keyboard.press('Backspace');
  });
  figures['devices: sort'] = await latency(page, () => page.locator('main th button.sort').first().click());
  figures['devices: elements'] = await page.locator('*').count();
  await show(page, '/nodes');
  await expect(page.locator('main')).toContainText('attic server');
  const nodeSearch = page.locator('main input[type="search"]').first();
  if (await nodeSearch.count()) {
    await nodeSearch.focus();
    figures['nodes: filter'] = await latency(page, async () => {
      await page.keyboard.press('a');
      await page.keyboard.press('Backspace');
    });
  }
  await show(page, '/logs');
  const log = page.getByRole('log');
  await expect(log).toContainText('command finished');
  for (let n = 0; n < 6 && (await page.getByRole('button', { name: 'Load older lines' }).count()); n += 1) {
    await page.getByRole('button', { name: 'Load older lines' }).click();
    await expect(page.getByRole('button', { name: 'Loading older lines' })).toHaveCount(0);
  }
  await expect(page.getByText(/^[45],\d{3} lines$/)).toBeVisible();
  await page.locator('main input[type="search"]').focus();
  figures['logs: filter'] = await latency(page, async () => {
    await page.keyboard.press('t');
    await page.keyboard.press('Backspace');
  });
  await log.focus();
  figures['logs: page up'] = await latency(page, () => page.keyboard.press('PageUp'));
  figures['palette: type'] = await (async () => {
    await page.keyboard.press('Control+k');
    const taken = await latency(page, () => page.keyboard.press('a'));
    await page.keyboard.press('Escape');
    return taken;
  })();
  const client = await page.context().newCDPSession(page);
  await client.send('HeapProfiler.collectGarbage');
  const { usedSize } = await client.send('Runtime.getHeapUsage');
  figures['heap, MB'] = Math.round(usedSize / 1e5) / 10;
  console.log(Object.entries(figures).map(([what, is]) => `${what.padEnd(20)} ${is}`).join('\n'));
  for (const [what, is] of Object.entries(figures)) {
    if (what.includes('heap')) expect.soft(is, what).toBeLessThan(25);
    else if (what.includes('elements')) expect.soft(is, what).toBeLessThan(4000);
    else if (STRICT) expect.soft(is, what).toBeLessThan(100);
  }
  seeded.close();
});
