// U33: every row of the error map, as a person sees it, from a gateway that says exactly that.

import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import { FakeGateway, helloOf } from './fixtures/fake-gateway';
import type { ErrorAnswer, Script } from './fixtures/fake-gateway';

interface Case {
  readonly row: string;
  readonly says: string;
  readonly script: Script;
  readonly title: string | RegExp;
  /** Texts that must be on the screen; `PORT` stands for the gateway's. */
  readonly shows: readonly (string | RegExp)[];
  /** A field that has the focus. */
  readonly focus?: string;
  /** The page connects again by itself. */
  readonly retries?: boolean;
}

const error = (message: string, code?: string, more: Partial<ErrorAnswer> = {}): Script => ({
  error: { code: 'INVALID_REQUEST', message, ...(code ? { details: { code } } : {}), ...more },
});

const TOKEN_COMMANDS = ['openclaw config get gateway.auth.token', 'openclaw dashboard --no-open'];

const CASES: readonly Case[] = [
  {
    row: 'E1',
    says: 'token missing, release 2026.1.30',
    script: error('unauthorized: gateway token missing (open a tokenized dashboard URL or paste token in Control UI settings)'),
    title: /Sign in to 127\.0\.0\.1/,
    shows: TOKEN_COMMANDS,
    focus: 'Token or setup code',
  },
  { row: 'E1', says: 'AUTH_TOKEN_MISSING', script: error('x', 'AUTH_TOKEN_MISSING'), title: /Sign in to/, shows: TOKEN_COMMANDS, focus: 'Token or setup code' },
  {
    row: 'E1',
    says: 'AUTH_TOKEN_NOT_CONFIGURED',
    script: error('unauthorized: gateway token not configured on gateway (set gateway.auth.token)', 'AUTH_TOKEN_NOT_CONFIGURED'),
    title: 'The gateway has no secret yet',
    shows: [/openclaw config set gateway\.auth\.token/],
  },
  {
    row: 'E2',
    says: 'token mismatch, release 2026.1.30',
    script: error('unauthorized: gateway token mismatch (open a tokenized dashboard URL or paste token in Control UI settings)'),
    title: 'That token was not accepted',
    shows: TOKEN_COMMANDS,
    focus: 'Token or setup code',
  },
  { row: 'E2', says: 'AUTH_BOOTSTRAP_TOKEN_INVALID', script: error('unauthorized: setup code invalid', 'AUTH_BOOTSTRAP_TOKEN_INVALID'), title: /no longer works/, shows: ['openclaw qr'] },
  { row: 'E3', says: 'password missing', script: error('unauthorized: gateway password missing (enter the password in Control UI settings)'), title: 'Password needed', shows: [], focus: 'Password' },
  { row: 'E3', says: 'AUTH_PASSWORD_MISMATCH', script: error('x', 'AUTH_PASSWORD_MISMATCH'), title: 'That password was not accepted', shows: [], focus: 'Password' },
  {
    row: 'E4',
    says: 'pairing required, release 2026.1.30',
    script: { error: { code: 'NOT_PAIRED', message: 'pairing required', details: { requestId: 'request-one' } } },
    title: 'Approve this browser',
    shows: ['openclaw devices approve request-one', /127\.0\.0\.1:PORT\/devices\?request=request-one/, 'Chromium on Linux', /ends in/],
    retries: true,
  },
  {
    row: 'E5',
    says: 'secure context, release 2026.1.30',
    script: error('control ui requires HTTPS or localhost (secure context)'),
    title: 'This page is not encrypted',
    shows: ['openclaw config set gateway.tailscale.mode serve', 'ssh -N -L PORT:127.0.0.1:PORT user@127.0.0.1', 'http://127.0.0.1:PORT/', 'openclaw config set gateway.tls.enabled true'],
  },
  { row: 'E5', says: 'device identity required', script: { error: { code: 'NOT_PAIRED', message: 'device identity required' } }, title: 'This page is not encrypted', shows: [] },
  {
    row: 'E7',
    says: 'CONTROL_UI_ORIGIN_NOT_ALLOWED',
    script: error('origin not allowed (open the Control UI from the gateway host or allow it in gateway.controlUi.allowedOrigins)', 'CONTROL_UI_ORIGIN_NOT_ALLOWED'),
    title: 'The gateway does not accept this address',
    shows: ['http://127.0.0.1:PORT', `openclaw config set gateway.controlUi.allowedOrigins '["http://127.0.0.1:PORT"]'`],
  },
  {
    row: 'E8',
    says: 'protocol mismatch',
    script: { ...error('protocol mismatch', undefined, { details: { expectedProtocol: 9 } }), close: [1002, 'protocol mismatch'] },
    title: 'Versions do not fit',
    shows: ['The gateway expects protocol 9.'],
  },
  {
    row: 'E9',
    says: 'device signature expired',
    script: error('device signature expired', undefined, { details: { code: 'DEVICE_AUTH_SIGNATURE_EXPIRED', clockSkewMs: 7_500_000 } }),
    title: 'The clocks differ',
    shows: ['2h 5m'],
  },
  { row: 'E10', says: 'device signature invalid', script: error('device signature invalid'), title: "This browser's key does not match", shows: ['Create a new key'] },
  { row: 'E10', says: 'DEVICE_AUTH_NONCE_MISMATCH', script: error('x', 'DEVICE_AUTH_NONCE_MISMATCH'), title: "This browser's key does not match", shows: [] },
  {
    row: 'E11',
    says: 'tailscale identity missing, release 2026.1.30',
    script: error('unauthorized: tailscale identity missing (use Tailscale Serve auth or gateway token/password)'),
    title: 'Your identity was not passed on',
    shows: ['Token or setup code'],
  },
  {
    row: 'E12',
    says: 'AUTH_RATE_LIMITED',
    script: error('unauthorized: too many failed authentication attempts (retry later)', 'AUTH_RATE_LIMITED', { retryable: true, retryAfterMs: 45_000 }),
    title: 'Too many attempts',
    shows: [/tries again by itself in 4\d seconds/],
  },
  { row: 'E13', says: 'close 1012', script: { close: [1012, 'service restart'] }, title: 'The gateway is restarting', shows: [], retries: true },
  { row: 'E15', says: 'HTTP answers, the upgrade does not', script: { refuseUpgrade: true }, title: 'Something between blocks WebSocket', shows: [/proxy_set_header Upgrade/, /allowedOrigins/], retries: true },
  { row: 'E15', says: 'another program', script: { first: 'hello there' }, title: 'This is not an openclaw gateway', shows: [] },
  { row: 'E18', says: 'close 1008 slow consumer', script: { close: [1008, 'slow consumer'] }, title: /too slow for the live data/, shows: [], retries: true },
  { row: 'E21', says: 'unavailable for a moment', script: { error: { code: 'UNAVAILABLE', message: 'gateway is full', retryable: true, retryAfterMs: 30_000 } }, title: 'The gateway is busy', shows: [] },
  { row: 'E21', says: 'something else', script: error('the moon is in the wrong phase', 'MOON_PHASE'), title: 'Could not connect', shows: ['the moon is in the wrong phase'] },
];

const shown = (page: Page, port: number, text: string | RegExp) => {
  const pattern = typeof text === 'string' ? text.replaceAll('PORT', String(port)) : new RegExp(text.source.replaceAll('PORT', String(port)));
  const found = page.getByText(pattern).first();
  return typeof text === 'string' ? found.or(page.getByLabel(pattern).first()).or(page.getByRole('button', { name: pattern }).first()).first() : found;
};

/** Rows that belong together share a page: each is a fresh load of it. */
const GROUPS = [
  ['credentials', /^E[123]$/],
  ['pairing, encryption, origin, versions', /^E[4578]$/],
  ['clock, key, identity, rate', /^E(9|10|11|12)$/],
  ['links that fail', /^E(13|15|18|21)$/],
] as const;

for (const [name, rows] of GROUPS) {
  test(`U33 every row of the error map: ${name}`, async ({ page }) => {
    const fake = await FakeGateway.start();
    for (const entry of CASES.filter(({ row }) => rows.test(row))) {
      const { row, says, script, title, shows, focus, retries } = entry;
      await test.step(`${row}: ${says}`, async () => {
        fake.script = script;
        const before = fake.upgrades;
        await page.goto(fake.origin);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
        for (const text of shows) await expect(shown(page, fake.port, text)).toBeVisible();
        if (focus) await expect(page.getByLabel(focus, { exact: true })).toBeFocused();
        if (retries) await expect.poll(() => fake.upgrades).toBeGreaterThan(before + 1);
        // Details are there, folded.
        await page.getByText('Details for whoever helps').click();
        await expect(page.getByRole('button', { name: 'Copy details' })).toBeVisible();
        await expect(page.getByRole('button', { name: 'Use another address' })).toBeVisible();
      });
    }
    await fake.close();
  });
}

test('U33 E14: nothing answers', async ({ page, gateway }) => {
  // The screens of failures come right after the first one.
  const loaded = page.waitForResponse(/\/assets\/screens-/);
  await page.goto(gateway.origin);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/Sign in/);
  await (await loaded).finished();
  await gateway.end('SIGKILL');
  await page.getByLabel('Token or setup code').fill('some-token');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`127.0.0.1:${gateway.port} cannot be reached`);
  await expect(page.getByText('openclaw gateway status')).toBeVisible();
  await expect(page.getByText(`ssh -N -L ${gateway.port}:127.0.0.1:${gateway.port} user@127.0.0.1`)).toBeVisible();
  await expect(page.getByText(/tries again/)).toBeVisible();
});

test('U33: what only a person can mend is asked for once', async ({ page }) => {
  const fake = await FakeGateway.start();
  fake.script = error('unauthorized: gateway token mismatch (x)');
  await page.clock.install();
  await page.goto(fake.origin);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('That token was not accepted');
  await page.clock.runFor(120_000);
  expect(fake.upgrades).toBe(1);
  await fake.close();
});

test('U33: details hold no secrets', async ({ page }) => {
  const fake = await FakeGateway.start();
  fake.script = error('unauthorized: gateway token mismatch (x)', undefined, { details: { code: 'AUTH_TOKEN_MISMATCH', token: 'hidden-one', device: { signature: 'hidden-two' } } });
  await page.goto(fake.origin);
  await page.getByText('Details for whoever helps').click();
  await expect(page.getByText('AUTH_TOKEN_MISMATCH')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('hidden-');
  await fake.close();
});

test('U33: a gateway of protocol 3 lets the page in', async ({ page }) => {
  const fake = await FakeGateway.start();
  fake.script = { hello: helloOf({ deviceToken: 'device-token-of-the-fake' }) };
  await page.goto(`${fake.origin}/#token=shared-secret`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.locator('.brand')).toContainText('fake-host');
  const params = fake.sockets[0]?.requests[0]?.params as { minProtocol: number; maxProtocol: number; client: { displayName: string; mode: string }; auth: object };
  expect(params).toMatchObject({ minProtocol: 3, maxProtocol: 4, client: { displayName: 'Chromium on Linux', mode: 'webchat' }, auth: { token: 'shared-secret' } });
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(fake.sockets[1]?.requests[0]?.params['auth']).toEqual({ token: 'device-token-of-the-fake' });
  await fake.close();
});
