// From "opened the link" to "online".

import type { Page } from '@playwright/test';
import { expect, Gateway, test, TOKEN } from './fixtures';

interface Frames {
  readonly sent: string[];
  readonly sockets: string[];
}

/** Everything that a page sends, and where to. */
function framesOf(page: Page): Frames {
  const frames: Frames = { sent: [], sockets: [] };
  page.on('websocket', (socket) => {
    frames.sockets.push(socket.url());
    socket.on('framesent', ({ payload }) => frames.sent.push(String(payload)));
  });
  return frames;
}

const connects = ({ sent }: Frames) => sent.filter((frame) => frame.includes('"method":"connect"')).length;

/** All that the browser keeps for the page, as one text. */
async function stored(page: Page): Promise<string> {
  const state = await page.context().storageState({ indexedDB: true });
  const session = await page.evaluate(() => JSON.stringify({ ...sessionStorage }));
  return JSON.stringify(state) + session;
}

test('U1 no credential: the sign-in is there at once, and one connect is all that is sent', async ({ page, gateway }) => {
  const frames = framesOf(page);
  await page.clock.install();
  await page.goto(gateway.origin);
  await page.clock.resume();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Sign in to 127.0.0.1:${gateway.port}`);
  await expect(page.getByLabel('Token or setup code')).toBeFocused();
  await page.clock.runFor(20_000);
  expect(connects(frames)).toBe(1);
  expect(frames.sockets).toHaveLength(1);
});

test('U2 the token is typed once and kept nowhere', async ({ page, gateway }) => {
  await page.goto(gateway.origin);
  await page.getByLabel('Token or setup code').fill(`  ${TOKEN} `);
  await page.keyboard.press('Enter');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  expect(page.url()).not.toContain(TOKEN);
  expect(await stored(page)).not.toContain(TOKEN);
  await page.reload();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(await stored(page)).not.toContain(TOKEN);
});

test('U2 the private key cannot be read, and every gateway gets another one', async ({ page, gateway }) => {
  const other = await Gateway.start();
  await page.goto(`${gateway.origin}/#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await page.goto(`${gateway.origin}/?gatewayUrl=ws://127.0.0.1:${other.port}#token=${TOKEN}`);
  await page.getByRole('button', { name: /^Connect to/ }).click();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const keys = await page.evaluate(async () => {
    const open = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open('openclaw-ui');
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
    const all = await new Promise<{ deviceId: string; privateKey: CryptoKey }[]>((resolve) => {
      const request = open.transaction('identity').objectStore('identity').getAll();
      request.onsuccess = () => resolve(request.result);
    });
    return all.map(({ deviceId, privateKey }) => ({ deviceId, extractable: privateKey.extractable }));
  });
  expect(keys).toHaveLength(2);
  expect(keys.map(({ extractable }) => extractable)).toEqual([false, false]);
  expect(keys[0]?.deviceId).not.toBe(keys[1]?.deviceId);
  expect(await page.evaluate(() => localStorage.getItem('openclaw-device-identity-v1'))).toBeNull();
  await other.close();
});

for (const form of ['#token=', '?token='] as const) {
  test(`U3 a link with ${form} signs in and is clean before anything is painted`, async ({ page, gateway }) => {
    const requests: string[] = [];
    page.on('request', (request) => requests.push(request.url()));
    await page.addInitScript(() => {
      new MutationObserver((_, observer) => {
        if (!document.getElementById('app')?.firstChild) return;
        observer.disconnect();
        (window as unknown as { seen: string }).seen = location.href;
      }).observe(document, { childList: true, subtree: true });
    });
    await page.goto(`${gateway.origin}/devices${form}${TOKEN}`);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    expect(await page.evaluate(() => (window as unknown as { seen: string }).seen)).toBe(`${gateway.origin}/devices`);
    expect(page.url()).toBe(`${gateway.origin}/devices`);
    const carrying = requests.filter((url) => url.includes(TOKEN));
    expect(carrying.length).toBeLessThanOrEqual(form === '?token=' ? 1 : 0);
    const entries = await page.evaluate(() => performance.getEntriesByType('resource').map(({ name }) => name));
    expect(entries.filter((name) => name.includes(TOKEN))).toEqual([]);
    await page.goBack().catch(() => null);
    expect(page.url()).not.toContain(TOKEN);
  });
}

test('U3 a secret in the query is remarked on', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/?token=wrong`);
  await expect(page.getByText(/Servers and proxies on the way may have it in their logs/)).toBeVisible();
});

test('U3 a link that is pasted into the same tab signs in and is cleaned', async ({ page, gateway }) => {
  await page.goto(gateway.origin);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Sign in/);
  await page.evaluate((token) => (location.hash = `token=${token}`), TOKEN);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(page.url()).not.toContain(TOKEN);
});

test('U3 the link of `openclaw dashboard` works once', async ({ page, gateway, browser }) => {
  const { browserUrl } = (await gateway.json('dashboard', '--no-open')) as { browserUrl: string };
  expect(browserUrl).toContain('#bootstrapToken=');
  await page.goto(browserUrl);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(page.url()).toBe(`${gateway.origin}/overview`);
  const second = await (await browser.newContext()).newPage();
  await second.goto(browserUrl);
  await expect(second.getByRole('heading', { level: 1 })).toHaveText('That link or setup code no longer works');
  await second.context().close();
});

test('U4 a wrong token: one connect, then mended without a reload', async ({ page, gateway }) => {
  const frames = framesOf(page);
  await page.goto(gateway.origin);
  const field = page.getByLabel('Token or setup code');
  await field.fill('not-the-token');
  const before = connects(frames);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('That token was not accepted');
  await expect(field).toBeFocused();
  expect(connects(frames) - before).toBe(1);
  await page.keyboard.insertText(TOKEN);
  await page.keyboard.press('Enter');
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
});

test.describe('with a password', () => {
  test.use({ options: { gateway: { auth: { mode: 'password', password: 'a password with spaces' } } } });

  test('U4 the field asks for the password', async ({ page, gateway }) => {
    await page.goto(gateway.origin);
    await page.getByLabel('Password', { exact: true }).fill('wrong');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('That password was not accepted');
    await page.getByLabel('Password', { exact: true }).fill('a password with spaces');
    await page.keyboard.press('Enter');
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    await page.reload();
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    expect(await stored(page)).not.toContain('a password with spaces');
  });
});

test('a pasted setup code is recognised', async ({ page, gateway }) => {
  const code = Buffer.from(JSON.stringify({ url: `ws://127.0.0.1:${gateway.port}`, bootstrapToken: 'x'.repeat(32) })).toString('base64url');
  await page.goto(gateway.origin);
  await page.getByLabel('Token or setup code').fill(`oc-pair://${code}`);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('That link or setup code no longer works');
});

test('view only is asked for, granted, and kept over a reload', async ({ page, gateway }) => {
  await page.goto(`${gateway.origin}/?access=view#token=${TOKEN}`);
  await expect(page.locator('[data-banner=view]')).toContainText('View only');
  expect(page.url()).not.toContain('access=');
  await page.reload();
  await expect(page.locator('[data-banner=view]')).toContainText('View only');
});

test('a browser that is not remembered signs in again', async ({ page, gateway }) => {
  await page.goto(gateway.origin);
  await page.getByText('Options').click();
  await page.getByLabel('Remember this browser').uncheck();
  await page.getByLabel('Token or setup code').fill(TOKEN);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  expect(await stored(page)).not.toContain('deviceId');
  await page.reload();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Sign in/);
});

test('the record of an older page is taken over, then its readable key is removed', async ({ page, gateway }) => {
  // A place of the same origin where the page does not run.
  await page.goto(`${gateway.origin}/control-ui-config.json`);
  const deviceId = await page.evaluate(async () => {
    const pair = (await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as CryptoKeyPair;
    const text = (bytes: ArrayBuffer) => btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    const raw = await crypto.subtle.exportKey('raw', pair.publicKey);
    const der = await crypto.subtle.exportKey('pkcs8', pair.privateKey);
    const id = [...new Uint8Array(await crypto.subtle.digest('SHA-256', raw))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const record = { version: 1, deviceId: id, publicKey: text(raw), privateKey: text(der.slice(16)), createdAtMs: 1 };
    localStorage.setItem('openclaw-device-identity-v1', JSON.stringify(record));
    return id;
  });
  await page.goto(`${gateway.origin}/#token=${TOKEN}`);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const { paired } = (await gateway.json('devices', 'list')) as { paired: { deviceId: string }[] };
  expect(paired.map((device) => device.deviceId)).toContain(deviceId);
  expect(await page.evaluate(() => localStorage.getItem('openclaw-device-identity-v1'))).toBeNull();
});

test('Test address tells a gateway from what is none', async ({ page, gateway }) => {
  await page.goto(gateway.origin);
  await page.getByRole('button', { name: 'Use another address' }).click();
  await page.getByRole('button', { name: 'Test address' }).click();
  await expect(page.getByText(/An openclaw gateway answered in \d+ ms/)).toBeVisible();
  await page.getByLabel('Address of the gateway').fill('127.0.0.1:1');
  await page.getByRole('button', { name: 'Test address' }).click();
  await expect(page.getByText(/refused or cut before a gateway answered/)).toBeVisible();
});
