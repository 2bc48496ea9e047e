import { expect, test } from './fixtures';
import { FakeDevice } from './fixtures/devices';
import { TOKEN } from './fixtures/gateway';

/** What the overview may cost. */
const BYTES_IN = 12 * 1024;
const CALLS = 3;
const NODES = 900;

test('U14 the overview asks little: calls, bytes and elements', async ({ gateway, page, signedIn }) => {
  let bytes = 0;
  const calls: string[] = [];
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => (bytes += payload.length));
    socket.on('framesent', ({ payload }) => calls.push(String((JSON.parse(String(payload)) as { method: string }).method)));
  });
  await signedIn('/overview');
  await expect(page.getByText('Nothing waits.')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Reach' })).toContainText(`127.0.0.1:${gateway.port}`);
  const asked = calls.filter((method) => method !== 'connect' && method !== 'last-heartbeat');
  expect(asked.length, asked.join(' ')).toBeLessThanOrEqual(CALLS);
  for (const never of ['models.list', 'health', 'config.schema']) expect(asked).not.toContain(never);
  expect(bytes).toBeLessThanOrEqual(BYTES_IN);
  expect(await page.evaluate(() => document.querySelectorAll('*').length)).toBeLessThanOrEqual(NODES);
});

test('what waits is counted on every view, and answered in place', async ({ gateway, page, signedIn }) => {
  await signedIn('/overview');
  await expect(page.getByText('Nothing waits.')).toBeVisible();
  const node = await FakeDevice.connect({ port: gateway.port, token: TOKEN, name: 'Pump', role: 'node', client: { id: 'node-host', mode: 'node' }, commands: ['system.run'] });
  // Lower cards load when they are seen.
  await page.keyboard.press('End');
  await expect(page.getByRole('region', { name: 'Nodes' })).toContainText('Pump');
  await expect(page.getByRole('region', { name: 'Nodes' }).getByRole('link', { name: /Pump/ })).toContainText('connected');

  const operator = await FakeDevice.connect({ port: gateway.port, token: TOKEN, name: 'Agent' });
  const decided = operator.call('exec.approval.request', { command: 'touch \u202e/tmp/x', cwd: '/tmp', host: 'node', timeoutMs: 60_000 });
  const waiting = page.getByRole('region', { name: 'Waiting for you' });
  await expect(waiting).toContainText('touch \\u{202e}/tmp/x');
  await expect(page).toHaveTitle(/^\(1\) Overview/);
  await expect(page.getByRole('navigation').first().getByRole('link', { name: /Approvals/ })).toContainText('1');
  expect(await page.locator('#icon').getAttribute('href')).toContain('ef7a72');
  await waiting.getByRole('button', { name: 'Deny' }).click();
  expect((await decided).payload).toMatchObject({ decision: 'deny' });
  await expect(page.getByText('Nothing waits.')).toBeVisible();
  await expect(page).toHaveTitle(/^Overview/);
  expect(await page.locator('#icon').getAttribute('href')).not.toContain('ef7a72');
  node.close();
  operator.close();
});

test('uptime counts, and stands still with the last known while the gateway is away', async ({ gateway, page, signedIn }) => {
  await signedIn('/overview');
  const uptime = page.locator('[data-uptime]');
  const before = await uptime.textContent();
  await expect(uptime).not.toHaveText(before ?? '');
  await gateway.end();
  await expect(page.locator('.health')).not.toContainText(/Live|Slow/);
  await expect(page.getByText(/^as of /).first()).toBeVisible();
  await expect(page.getByRole('region', { name: 'Reach' })).toContainText(`127.0.0.1:${gateway.port}`);
  await gateway.run();
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.getByText(/^as of /)).toHaveCount(0);
});

test.describe('a gateway that could be safer', () => {
  test.use({ options: { gateway: { controlUi: { allowedOrigins: ['*'] } } } });

  test('repairs name it, worst first, with the way to the right place', async ({ page, signedIn }) => {
    await signedIn('/overview');
    const repairs = page.getByRole('region', { name: 'Repairs' });
    await expect(repairs.getByRole('listitem').first()).toContainText(/Danger|Weak spot/);
    const fix = repairs.getByRole('link', { name: /^Fix/ }).first();
    await expect(fix).toHaveAttribute('href', /\/config\?q=gateway\.controlUi/);
    const events = page.getByRole('region', { name: 'Last events' });
    await events.scrollIntoViewIfNeeded();
    await expect(events).toContainText('Signed in');
  });
});

test('a phone can open the page only when an address leads there', async ({ page, signedIn }) => {
  await signedIn('/overview');
  await page.getByRole('button', { name: 'Open on phone' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('No other device can open this page');
  await expect(dialog.getByRole('button', { name: 'Close' })).toBeFocused();
  await dialog.getByRole('link', { name: 'Choose a way' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Access');
});

test.describe('view only', () => {
  test('U29 what this sign-in may not see names the scope, and nothing is asked for in vain', async ({ gateway, page }) => {
    const denied: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('missing scope')) denied.push(String(payload));
      }),
    );
    await page.goto(`${gateway.origin}/overview?access=view#token=${TOKEN}`);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    await expect(page.getByRole('region', { name: 'Waiting for you' })).toContainText('operator.pairing');
    await expect(page.getByRole('region', { name: 'Nodes' })).toContainText('No machine serves as a node yet');
    await page.getByRole('navigation').first().getByRole('link', { name: 'Devices' }).click();
    await expect(page.getByText('It needs operator.pairing')).toBeVisible();
    expect(denied).toEqual([]);
  });
});
