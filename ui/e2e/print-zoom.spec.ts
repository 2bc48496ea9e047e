// U37: print, zoom, and colours that the system chooses.

import { expect, test } from './fixtures';
import { ALL_VIEWS, show } from './fixtures/views';

test('U37 at 200 % and 400 % nothing is cut off and the page does not scroll sideways', async ({ signedIn, page }) => {
  await signedIn();
  // A window of 1280 x 800, zoomed.
  for (const [zoom, width, height] of [
    [200, 640, 400],
    [400, 320, 200],
  ] as const) {
    await page.setViewportSize({ width, height });
    for (const view of ALL_VIEWS) {
      await show(page, `/${view}`);
      const found = await page.evaluate(() => {
        const { scrollWidth } = document.documentElement;
        // What leaves the page sideways, unless a box around it scrolls.
        const cut = [...document.querySelectorAll('main *')].filter((element) => {
          const { left, right, width, height } = element.getBoundingClientRect();
          if (width === 0 || height <= 1 || (left >= -1 && right <= innerWidth + 1)) return false;
          for (let box = element.parentElement; box; box = box.parentElement) if (/auto|scroll|hidden|clip/.test(getComputedStyle(box).overflowX)) return false;
          return true;
        });
        return { scrollWidth, cut: cut.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) };
      });
      expect(found, `${view} at ${zoom} %`).toEqual({ scrollWidth: width, cut: [] });
    }
  }
});

test('U37 printed pages hold the content and nothing to press in the bars', async ({ signedIn, page }) => {
  await signedIn();
  for (const view of ['overview', 'devices', 'activity', 'logs', 'settings'] as const) {
    await show(page, `/${view}`);
    const text = (await page.locator('main').innerText()).replace(/\s+/g, ' ');
    await page.emulateMedia({ media: 'print' });
    await expect(page.locator('nav.side')).toBeHidden();
    await expect(page.locator('.bottombar')).toBeHidden();
    await expect(page.locator('main h1')).toBeVisible();
    expect((await page.locator('main').innerText()).replace(/\s+/g, ' ').length, view).toBeGreaterThan(text.length * 0.5);
    await page.emulateMedia({ media: 'screen' });
  }
});

test('U37 with forced colours, states have a shape', async ({ signedIn, page }) => {
  await page.emulateMedia({ forcedColors: 'active' });
  await signedIn('/settings');
  const outline = (selector: string) => page.locator(selector).first().evaluate((element) => getComputedStyle(element).outlineStyle);
  expect(await outline('.side a[aria-current="page"]')).toBe('solid');
  expect(await outline('.segments label:has(input:checked)')).toBe('solid');
  expect(await page.locator('.chip').first().evaluate((element) => getComputedStyle(element).borderTopStyle)).toBe('solid');
});
