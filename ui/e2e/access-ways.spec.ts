import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, Gateway, test, TOKEN } from './fixtures';

/** Commands of a way as the golden file has them, for another port. */
async function golden(way: string, port: number): Promise<Map<string, string>> {
  const text = await readFile(join(import.meta.dirname, `../src/views/access/golden/${way}.txt`), 'utf8');
  return new Map(
    text
      .split(/^== /m)
      .slice(1)
      .map((part) => {
        const [head = '', ...lines] = part.split('\n');
        return [head.split(' ')[0] ?? '', lines.join('\n').trim().replaceAll('18789', String(port))] as const;
      }),
  );
}

async function shown(page: Page, step: string): Promise<string> {
  return ((await page.locator(`[data-step="${step}"] .command pre`).textContent()) ?? '').trim();
}

async function choose(page: Page, way: string): Promise<void> {
  await page.getByRole('radio', { name: new RegExp(`^${way}`) }).check();
}

test('U25 the SSH tunnel has the port of this gateway, and the text of the golden file', async ({ gateway, signedIn }) => {
  const page = await signedIn('/access');
  await choose(page, 'Tailscale Serve');
  await choose(page, 'SSH tunnel');
  expect(new URL(page.url()).search).toBe('?way=ssh');
  await page.getByRole('textbox', { name: 'SSH login' }).fill('user@gateway-host');
  const expected = await golden('ssh', gateway.port);
  expect(await shown(page, 'tunnel')).toBe(`ssh -N -L ${gateway.port}:127.0.0.1:${gateway.port} -o ServerAliveInterval=60 -o ServerAliveCountMax=3 user@gateway-host`);
  await page.getByText('Keep the tunnel open by itself').click();
  for (const step of ['tunnel', 'openHere', 'remoteMode', 'checkRemote', 'tunnelUnit', 'tunnelUnitStart']) expect(await shown(page, step), step).toBe(expected.get(step));
  // The near end may have another port.
  await page.getByRole('textbox', { name: 'Port on the other machine' }).fill('19000');
  expect(await shown(page, 'tunnel')).toContain(`-L 19000:127.0.0.1:${gateway.port} `);
  expect(await shown(page, 'openHere')).toBe('http://127.0.0.1:19000/');
  // What would break out of a command stays out of it.
  await page.getByRole('textbox', { name: 'SSH login' }).fill('x; reboot');
  expect(await shown(page, 'tunnel')).not.toContain('reboot');
});

test('U25 proxies get the text of proxy-check', async ({ gateway, signedIn }) => {
  const page = await signedIn('/access?way=https');
  await page.getByRole('textbox', { name: 'Name that people open' }).fill('claw.example.org');
  for (const [program, name] of [
    ['nginx', 'nginx'],
    ['caddy', 'Caddy'],
    ['haproxy', 'HAProxy'],
    ['traefik', 'Traefik'],
  ] as const) {
    await page.getByRole('radio', { name, exact: true }).check();
    const printed = await gateway.cli('gateway', 'proxy-check', '--print', program, '--domain', 'claw.example.org');
    const [, ...commands] = printed.stdout.split('\n').filter((line) => line.startsWith('#   ') || line.startsWith('# On'));
    expect(await shown(page, 'proxyFile'), program).toBe(printed.stdout.replace(/^# On[^\n]*\n(#   [^\n]*\n)+/, '').trim());
    expect(await shown(page, 'proxyGateway')).toBe(commands.map((line) => line.replace('#   ', '')).join('\n'));
  }
});

test('U25 every way names its commands, how safe it is, and which is in use', async ({ signedIn }) => {
  const page = await signedIn('/access');
  await expect(page.locator('.way', { hasText: 'This computer only' })).toContainText('In use');
  await expect(page.locator('.way', { hasText: 'Tailscale Funnel' })).toContainText('Public');
  await choose(page, 'Tailscale Serve');
  expect(await shown(page, 'serve')).toMatch(/^openclaw gateway --bind loopback --tailscale serve --port \d+$/);
  await choose(page, 'Your network');
  await expect(page.getByText('Without HTTPS, the network can read along')).toBeVisible();
  await page.getByRole('radio', { name: 'Tailnet only' }).check();
  expect(await shown(page, 'bind')).toBe('openclaw config set gateway.bind tailnet');
  await choose(page, 'Tailscale Funnel');
  await expect(page.getByText('This opens the gateway to the internet')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Review and apply' })).toHaveCount(0);
});

test('check: this gateway, another gateway, nothing', async ({ gateway, signedIn }) => {
  const other = await Gateway.start();
  try {
    const page = await signedIn('/access');
    const address = page.getByRole('textbox', { name: 'Address' });
    const check = page.getByRole('button', { name: 'Check', exact: true });
    await address.fill(`127.0.0.1:${gateway.port}`);
    await check.click();
    await expect(page.getByText('It is this gateway.')).toBeVisible();
    await expect(page.getByText('Sign-in there: shared token')).toBeVisible();
    await address.fill(other.origin);
    await check.click();
    await expect(page.getByText('It is another gateway.')).toBeVisible();
    await other.end();
    await check.click();
    await expect(page.getByText(`Nothing answers at 127.0.0.1:${other.port}`)).toBeVisible();
    await address.fill('no address here');
    await check.click();
    await expect(page.getByText('That is no address.')).toBeVisible();
  } finally {
    await other.close();
  }
});

test.describe('under a name', () => {
  test('share: the link opens in another browser; with a code it is let in without approval', async ({ gateway, browser, signedIn }) => {
    expect((await gateway.cli('config', 'set', 'gateway.publicOrigin', gateway.origin)).code).toBe(0);
    const page = await signedIn('/access');
    const share = page.getByRole('region', { name: 'Share' });
    const link = share.locator('.command pre');
    await expect(link).toHaveText(`${gateway.origin}/`);
    await expect(share.getByRole('img')).toBeVisible();
    await share.getByRole('button', { name: 'Include a one-time code' }).click();
    await expect(link).toContainText('#bootstrapToken=');
    const context = await browser.newContext();
    try {
      const second = await context.newPage();
      await second.goto((await link.textContent()) ?? '');
      await expect(second.locator('.health')).toContainText(/Live|Slow/);
      expect(second.url()).not.toContain('bootstrapToken');
      expect(second.url()).not.toContain(TOKEN);
    } finally {
      await context.close();
    }
  });
});

test('a new token: shown once, written once, and approved devices stay signed in', async ({ gateway, context, signedIn }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await signedIn('/access');
  const card = page.getByRole('region', { name: 'Shared secret' });
  await expect(card).toContainText('Strong');
  await expect(page.locator('body')).not.toContainText(TOKEN);
  await card.getByRole('button', { name: 'Generate a new token' }).click();
  const made = page.getByRole('dialog', { name: 'New token' });
  const token = (await made.locator('pre').textContent()) ?? '';
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  await made.getByRole('button', { name: 'Copy' }).click();
  await expect(made).not.toContainText(token);
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
  await made.getByRole('button', { name: 'Use it' }).click();
  const review = page.getByRole('dialog', { name: 'Use the new token' });
  await expect(review.getByRole('row', { name: /gateway\.auth\.token/ })).toContainText('New secret');
  await expect(review).not.toContainText(token);
  await expect(review).toContainText('This browser stays connected the same way');
  await review.getByRole('button', { name: /^(Save|Apply, then ask me)$/ }).click();
  await expect(review).toBeHidden();
  expect(await gateway.config()).toContain(token);
  expect(await gateway.config()).not.toContain(TOKEN);
  // Its own token lets it in again.
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.locator('body')).not.toContainText(token);
});
