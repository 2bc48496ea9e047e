import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { expect, test } from './fixtures';

// The file of the day is shared by all gateways of the machine: each test has one of its own.
const FILE = join(tmpdir(), `openclaw-ui-logs-${process.pid}`, 'gateway.log');
test.use({ options: { config: { logging: { file: FILE } } } });
test.describe.configure({ mode: 'serial' });

function line(message: string, level = 'INFO', subsystem = 'gateway/test'): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ 0: JSON.stringify({ subsystem }), 1: message, _meta: { logLevelName: level, date: time }, time })}\n`;
}

async function write(...lines: string[]): Promise<void> {
  await mkdir(join(FILE, '..'), { recursive: true });
  await appendFile(FILE, lines.join(''));
}

test('lines of the gateway appear as they are written, masked, and never as markup', async ({ signedIn, gateway }) => {
  const page = await signedIn('/logs');
  const log = page.getByRole('log');
  await expect(log).toContainText(`listening on ws://127.0.0.1:`);
  await expect(page.getByText('Following')).toBeVisible();
  await write(line('run with --token abcdef0123456789', 'WARN'), line('<img src=x onerror=alert(1)> \u202eevil', 'ERROR'));
  await expect(log).toContainText('run with --token ••••••');
  await expect(log).toContainText('<img src=x onerror=alert(1)> \\u{202e}evil');
  await expect(log.locator('img')).toHaveCount(0);
  expect(await page.content()).not.toContain('abcdef0123456789');
  expect(gateway.port).toBeGreaterThan(0);
});

test('the filter is in the address; a link shows the same lines', async ({ signedIn, page }) => {
  await write(line('alpha one'), line('beta two', 'ERROR', 'other'));
  await signedIn('/logs');
  const log = page.getByRole('log');
  await expect(log).toContainText('alpha one');
  await page.getByLabel('Text').fill('two|one');
  await expect(page.getByText('No line passes the filter')).toBeVisible();
  await page.getByLabel('Expression').check();
  await expect(log).toContainText('alpha one');
  await page.getByLabel('Level').selectOption('error');
  await expect(log).not.toContainText('alpha one');
  await expect(log).toContainText('beta two');
  expect(page.url()).toContain('q=two%7Cone');
  expect(page.url()).toContain('level=error');
  await page.getByLabel('Text').fill('(');
  await expect(page.getByText('This is not a regular expression yet')).toBeVisible();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await expect(log).toContainText('alpha one');
});

test('scrolling up pauses; new lines are counted; one press goes back to the end', async ({ signedIn, page }) => {
  await write(...Array.from({ length: 400 }, (_, n) => line(`filler ${n}`)));
  await signedIn('/logs');
  const log = page.getByRole('log');
  await expect(log).toContainText('filler 399');
  await log.focus();
  await page.keyboard.press('PageUp');
  await expect(page.getByText('Paused')).toBeVisible();
  const before = await log.evaluate((element) => element.scrollTop);
  await write(line('late one'), line('late two'));
  await page.getByRole('button', { name: '2 new lines' }).waitFor();
  expect(await log.evaluate((element) => element.scrollTop)).toBe(before);
  await page.getByRole('button', { name: '2 new lines' }).click();
  await expect(log).toContainText('late two');
  await expect(page.getByText('Following')).toBeVisible();
});

test('older lines come when the start is reached, and what was in sight stays there', async ({ signedIn, page }) => {
  await write(...Array.from({ length: 900 }, (_, n) => line(`row ${n}`)));
  await signedIn('/logs');
  const log = page.getByRole('log');
  await expect(log).toContainText('row 899');
  await expect(page.getByText('300 lines')).toBeVisible();
  await log.evaluate((element) => (element.scrollTop = 0));
  await expect(page.getByText(/^(1,[0-9]{3}|9[0-9]{2}) lines$/)).toBeVisible();
  await expect(log).toContainText('row 600');
  await log.evaluate((element) => (element.scrollTop = 0));
  await expect(page.locator('[data-id]').first()).toBeVisible();
  expect(await page.locator('[data-id]').count()).toBeLessThanOrEqual(200);
});

test('a line opens by keyboard and shows all that is in it; the visible lines are saved', async ({ signedIn, page }) => {
  await write(line('open me', 'WARN', 'gateway/inside'));
  await signedIn('/logs?q=open%20me');
  const log = page.getByRole('log');
  await expect(log).toContainText('open me');
  await log.focus();
  await page.keyboard.press('ArrowUp');
  await expect(log.locator('[data-id] button').last()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(log.locator('pre')).toContainText('"logLevelName": "WARN"');
  await page.getByRole('button', { name: 'Only gateway/inside' }).click();
  await expect(page.getByLabel('Subsystem')).toHaveValue('gateway/inside');
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const file = await (await saving).path();
  expect(await readFile(file, 'utf8')).toContain('open me');
});

test('a file that is started anew is said', async ({ signedIn, page }) => {
  await signedIn('/logs');
  await expect(page.getByRole('log')).toContainText('listening');
  const { truncate } = await import('node:fs/promises');
  await truncate(FILE, 0);
  await write(line('fresh start'));
  await expect(page.getByText('The file was started anew here')).toBeVisible();
  await expect(page.getByRole('log')).toContainText('fresh start');
});
