// The test languages: what they leave as it is stands outside the catalogue.

import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { ALL_VIEWS, settle } from './fixtures/views';

async function speak(page: Page, locale: string): Promise<void> {
  await page.evaluate((locale) => localStorage.setItem('openclaw.control.settings.v2', JSON.stringify({ locale })), locale);
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', locale);
  await expect(page.locator('.health')).toBeVisible();
}

/** English words in the page that no catalogue holds. Names, ids, commands and times are not words of the page. */
async function untranslated(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    // In Config the help is the gateway's own.
    const ofConfig = location.pathname.endsWith('/config') ? '.help, .chip, ' : '';
    const skip = ofConfig + 'code, pre, kbd, time, textarea, option[value], [translate="no"], .mono, .words, [data-words], [role="log"] .log-message, [role="log"] .log-subsystem, .log-open';
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = (node.textContent ?? '').trim();
      const element = node.parentElement;
      if (!element || element.closest(skip) || element.closest('#fallback, noscript, script, style')) continue;
      // Two small letters of ASCII in a row are English; the accents leave none.
      if (/[a-z]{3,}/.test(text)) found.push(`${text.slice(0, 80)} <${element.tagName.toLowerCase()} ${element.className}>`);
    }
    for (const element of document.querySelectorAll('[aria-label], [title], [placeholder]')) {
      if (element.closest(skip)) continue;
      for (const name of ['aria-label', 'placeholder']) {
        const text = element.getAttribute(name);
        if (text && /[a-z]{3,}/.test(text)) found.push(`${name}: ${text.slice(0, 80)}`);
      }
    }
    return [...new Set(found)];
  });
}

/** What comes over the wire: names, addresses, values, what the gateway says of its own settings and findings. */
function isOfTheWire(text: string): boolean {
  // A message of the catalogue with a value in it, a value alone, a size by the browser's own rules.
  if (/^(aria-label: |placeholder: )?\[/.test(text) || /^\d+ bytes? </.test(text)) return true;
  const words = text.replace(/^(aria-label|placeholder): /, '').replace(/ <[^>]*>$/, '');
  return !/[a-z]{3,} [a-z]{2,}/.test(words) || /^Chromium on |^Reverse proxy headers|^gateway\.trustedProxies/.test(words);
}

test('in en-XA every text of the page is accented, in every view', async ({ signedIn, page }) => {
  await signedIn();
  await speak(page, 'en-XA');
  const found: Record<string, string[]> = {};
  for (const view of ALL_VIEWS) {
    await page.evaluate((to) => {
      history.pushState(null, '', to);
      dispatchEvent(new PopStateEvent('popstate', { state: null }));
    }, `/${view}`);
    await expect(page.locator('main h1')).toHaveText(/^\[/);
    await expect(page.locator('main .page-head p, main > :not(.page-head, .foot, .skeleton)').first()).toBeVisible();
    await settle(page);
    const left = (await untranslated(page)).filter((text) => !isOfTheWire(text));
    if (left.length > 0) found[view] = left;
  }
  expect(found).toEqual({});
});

test('in ar-XB the page is mirrored and does not scroll sideways', async ({ signedIn, page }) => {
  await signedIn();
  await speak(page, 'ar-XB');
  await expect(page.locator('html')).toHaveAttribute('dir', 'rtl');
  const side = await page.locator('nav.side').boundingBox();
  const main = await page.locator('main').boundingBox();
  expect(side?.x ?? 0).toBeGreaterThan(main?.x ?? 0);
  await page.setViewportSize({ width: 320, height: 640 });
  for (const view of ALL_VIEWS) {
    await page.evaluate((to) => {
      history.pushState(null, '', to);
      dispatchEvent(new PopStateEvent('popstate', { state: null }));
    }, `/${view}`);
    await expect(page.locator('main .page-head p, main > :not(.page-head, .foot, .skeleton)').first()).toBeVisible();
    expect(await page.evaluate(() => document.documentElement.scrollWidth), view).toBeLessThanOrEqual(320);
  }
});
