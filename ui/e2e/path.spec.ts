// A person's whole way, from nothing to a browser that was let in and sent away again.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from './fixtures';
import { freePort } from './fixtures/gateway';
import { openRemote, wordsOn } from './fixtures/remote';
import { settle } from './fixtures/views';

const BINARY = process.env['OPENCLAW_TEST_BINARY'] ?? resolve(import.meta.dirname, '../../target/debug/openclaw');
const UI_ROOT = process.env['OPENCLAW_UI_ROOT'];

test('a fresh gateway, this machine as a node, a command, a second browser by words, and its end', async ({ browser, page }) => {
  const home = await mkdtemp(join(tmpdir(), 'openclaw-path-'));
  const port = await freePort();
  const remoteOrigin = `http://gw.test:${port}`;
  const { PATH } = process.env;
  const environment = { PATH, HOME: home, LANG: 'C.UTF-8', OPENCLAW_IN_CONTAINER: '0' };
  // The one thing that is there before: which names pages may come from.
  await mkdir(join(home, '.openclaw'), { mode: 0o700 });
  const config = { gateway: { controlUi: { allowedOrigins: [remoteOrigin], ...(UI_ROOT ? { root: resolve(UI_ROOT) } : {}) } }, logging: { file: join(home, 'gateway.log') } };
  await writeFile(join(home, '.openclaw/openclaw.json'), JSON.stringify(config), { mode: 0o600 });

  const up = spawn(BINARY, ['up', '--port', String(port), '--display-name', 'this-machine'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  up.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  up.stderr.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const run = async (...args: string[]) => {
    const child = spawn(BINARY, args, { env: environment, stdio: ['ignore', 'pipe', 'ignore'] });
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    await once(child, 'close');
    return out.trim();
  };
  try {
    await expect.poll(() => printed).toMatch(/Dashboard: +http:\S+/);
    await page.goto(/Dashboard: +(http:\S+)/.exec(printed)?.[1] ?? '');
    // The page says what to run for a link that signs in.
    await expect(page.getByText('openclaw dashboard --no-open').first()).toBeVisible();
    // Its output is a file here, and links that sign in are printed to terminals only.
    await page.goto((JSON.parse(await run('dashboard', '--no-open', '--json')) as { url: string }).url);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);

    await settle(page);
    const tile = page.getByRole('region', { name: 'Nodes' }).getByRole('link', { name: /this-machine/ });
    await expect(tile).toContainText('connected');
    await tile.click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('this-machine');
    await page.getByLabel('Command', { exact: true }).fill('echo hello from here');
    await page.getByRole('button', { name: 'Run', exact: true }).click();
    await page.locator('.run-output').getByRole('button', { name: /^Allow once/ }).click();
    await expect(page.getByRole('log')).toContainText('hello from here');

    const token = await run('config', 'get', 'gateway.auth.token');
    const other = await openRemote(browser, { remoteOrigin }, '/overview', `#token=${token}`);
    const words = await wordsOn(other);
    await page.getByRole('link', { name: 'Overview' }).first().click();
    const waiting = page.getByRole('region', { name: 'Waiting for you' });
    await expect(waiting.locator('.words')).toHaveText(words);
    await waiting.getByRole('button', { name: 'Compare words' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'They match, approve' }).click();
    await expect(other.locator('.health')).toContainText(/Live|Slow/);

    await page.getByRole('link', { name: /^Devices/ }).first().click();
    const row = page.getByRole('row').filter({ hasText: 'Browser' }).filter({ hasNotText: 'This browser' });
    await expect(row).toContainText('Connected');
    await row.getByRole('button', { name: /^Actions for/ }).click();
    await page.getByRole('button', { name: 'Revoke access' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke', exact: true }).click();
    await expect(other.getByRole('heading', { level: 1 })).toHaveText('Access was revoked');
    await other.context().close();
  } finally {
    up.kill('SIGTERM');
    if (up.exitCode === null) await once(up, 'exit');
    await rm(home, { recursive: true, force: true });
  }
});
