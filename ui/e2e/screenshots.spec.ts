// A contact sheet of every view, to look at; and the two pictures of the README.

import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { expect, test } from './fixtures';
import { askToPair, askToRun, seed, writeLog } from './fixtures/seed';
import { ALL_VIEWS, show } from './fixtures/views';

const OUTPUT = join(process.env['OPENCLAW_UI_OUTPUT'] ?? join(import.meta.dirname, '../../target/ui'), 'screens');
const DOCS = join(import.meta.dirname, '../../docs/images');
const LOG = join(tmpdir(), `openclaw-ui-screens-${process.pid}.log`);
test.use({ options: { config: { logging: { file: LOG } } } });

const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
  { width: 320, height: 640 },
] as const;

test('a picture of every view in both themes and three sizes', async ({ signedIn, gateway, page }) => {
  test.setTimeout(240_000);
  await mkdir(OUTPUT, { recursive: true });
  await writeLog(LOG, 120);
  const nodes = await seed(gateway);
  await askToPair(gateway, 'Browser of Carla');
  const command = await askToRun(gateway, 'rsync -a /srv/data/ backup:/srv/data/ --delete');
  await page.goto(gateway.origin);
  await page.getByRole('heading', { level: 1 }).waitFor();
  for (const { width, height } of SIZES) {
    await page.setViewportSize({ width, height });
    await page.screenshot({ path: join(OUTPUT, `sign-in-${width}-light.png`) });
  }
  await signedIn();
  for (const view of ALL_VIEWS) {
    await page.setViewportSize(SIZES[0]);
    await show(page, `/${view}`);
    for (const { width, height } of SIZES) {
      await page.setViewportSize({ width, height });
      for (const theme of ['light', 'dark'] as const) {
        await page.evaluate((theme) => (document.documentElement.dataset['theme'] = theme), theme);
        await page.screenshot({ path: join(OUTPUT, `${view}-${width}-${theme}.png`), fullPage: width !== 320 });
      }
    }
  }
  nodes.close();
  command.close();
});

test('the pictures of the README', async ({ signedIn, gateway, page }) => {
  test.skip(process.env['OPENCLAW_UPDATE_DOCS'] === undefined, 'only when the documentation is made anew');
  const nodes = await seed(gateway);
  await askToPair(gateway, 'Browser of Carla');
  await page.setViewportSize({ width: 1120, height: 760 });
  await signedIn('/overview');
  await expect(page.getByText('Browser of Carla').first()).toBeVisible();
  await expect(page.getByText('attic server').first()).toBeVisible();
  await mkdir(DOCS, { recursive: true });
  // The machine that makes the pictures is nobody's business.
  await page.evaluate((home) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent ?? '';
      const shown = text.replace(home, '/home/anna').replace(/linux \d\S*/, 'linux').replace(/^vm\b/, 'attic');
      if (shown !== text) node.textContent = shown;
    }
  }, gateway.home);
  for (const theme of ['light', 'dark'] as const) {
    await page.evaluate((theme) => (document.documentElement.dataset['theme'] = theme), theme);
    const path = join(DOCS, `control-ui-${theme}.png`);
    await page.screenshot({ path });
    expect((await stat(path)).size).toBeLessThanOrEqual(150_000);
  }
  nodes.close();
});
