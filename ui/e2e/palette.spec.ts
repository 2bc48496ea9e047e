import { expect, test } from './fixtures';

test('the palette finds views, devices and actions by keyboard alone', async ({ signedIn, page }) => {
  await signedIn('/overview');
  await page.keyboard.press('Control+k');
  const field = page.getByRole('combobox', { name: 'Go to a view' });
  await expect(field).toBeFocused();
  await field.fill('logs');
  await expect(page.getByRole('option').first()).toContainText('Logs');
  await expect(field).toHaveAttribute('aria-activedescendant', await page.getByRole('option').first().getAttribute('id') ?? '');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Logs');
  await expect(page.getByRole('heading', { level: 1 })).toBeFocused();

  await page.keyboard.press('Control+k');
  await field.fill('dark');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');

  await page.keyboard.press('Control+k');
  await field.fill('zzzz');
  await expect(page.getByText('Nothing fits “zzzz”')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(field).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await field.fill('linux');
  await expect(page.getByRole('option').filter({ hasText: 'Device' }).first()).toBeVisible();
});

test('single keys lead to views, filter and help, stay out of fields, and can be switched off', async ({ signedIn, page }) => {
  await signedIn('/overview');
  await page.keyboard.press('g');
  await page.keyboard.press('y');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Activity');
  await page.getByRole('table').waitFor();
  await page.keyboard.press('/');
  const field = page.getByRole('searchbox');
  await expect(field).toBeFocused();
  await page.keyboard.type('g?l/');
  await expect(field).toHaveValue('g?l/');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Activity');
  await field.blur();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.evaluate(() => localStorage.setItem('openclaw.control.settings.v2', '{"shortcuts":false}'));
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Activity');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.keyboard.press('?');
  await page.keyboard.press('g');
  await page.keyboard.press('l');
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Go to a view' })).toBeFocused();
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toHaveCount(0);
});

test('Back returns to the scroll position and to what had the focus', async ({ signedIn, page }) => {
  await page.setViewportSize({ width: 390, height: 500 });
  await signedIn('/activity');
  const link = page.getByRole('table').getByRole('link').last();
  await link.focus();
  await link.scrollIntoViewIfNeeded();
  const scroll = await page.evaluate(() => scrollY);
  expect(scroll).toBeGreaterThan(100);
  const target = await link.getAttribute('href');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(new RegExp(`${target}$`));
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(0);
  await page.goBack();
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('href') ?? null)).toBe(target);
  await expect.poll(() => page.evaluate(() => scrollY)).toBe(scroll);
});

test('on a small screen the sheet holds the views that the bar has no room for', async ({ signedIn, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signedIn('/overview');
  const more = page.getByRole('button', { name: 'More' });
  await more.click();
  const sheet = page.getByRole('dialog', { name: 'More views' });
  await expect(sheet.getByRole('link')).toHaveText([/Access/, /Clients/, /Activity/, /Logs/, /Config/, /Debug/, /Settings/]);
  await page.keyboard.press('Escape');
  await expect(more).toBeFocused();
  await more.click();
  await sheet.getByRole('link', { name: 'Settings' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');
  await expect(sheet).toHaveCount(0);
});
