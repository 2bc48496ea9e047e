// U16: whatever other machines and people call things, it stays text in every view.

import { expect, test } from './fixtures';
import { readyNode } from './fixtures/nodes';
import { settle } from './fixtures/views';

const HOSTILE = '<img src=x onerror=alert(1)>';
const VIEWS = ['overview', 'access', 'devices', 'nodes', 'approvals', 'clients', 'activity', 'logs', 'config', 'debug', 'settings'];

test('U16 markup in names, commands and log lines stays text in every view', async ({ gateway, signedIn }) => {
  const id = await readyNode(gateway, HOSTILE);
  const params = { id: 'hostile', command: `echo ${HOSTILE}`, cwd: HOSTILE, host: HOSTILE, agentId: HOSTILE, sessionKey: HOSTILE, resolvedPath: `/${HOSTILE}`, timeoutMs: 170_000 };
  const asked = gateway.cli('gateway', 'call', 'exec.approval.request', '--timeout', '180000', '--params', JSON.stringify(params));
  const page = await signedIn('/overview');
  let dialogs = 0;
  page.on('dialog', (dialog) => {
    dialogs += 1;
    void dialog.dismiss();
  });
  const harmless = async () => {
    expect(await page.locator('img').count(), page.url()).toBe(0);
    expect(dialogs).toBe(0);
  };
  const open = async (path: string) => {
    await page.goto(gateway.origin + path);
    await expect(page.locator('.health')).toContainText(/Live|Slow/);
    await settle(page);
  };
  for (const view of VIEWS) {
    await open(`/${view}`);
    if (!['overview', 'approvals'].includes(view)) await expect(page.locator('.approval-panel')).toContainText(HOSTILE);
    if (['overview', 'devices', 'nodes', 'approvals', 'clients'].includes(view)) await expect(page.locator('main')).toContainText(HOSTILE);
    await harmless();
  }
  for (const path of [`/nodes/${id}`, `/nodes/${id}?tab=commands`, `/nodes/${id}?tab=rules`, `/nodes/${id}?tab=about`, `/devices/${id}`, '/approvals?tab=policy']) {
    await open(path);
    await harmless();
  }
  await open(`/nodes/${id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(HOSTILE);
  // The output of a command as well.
  await page.getByLabel('Command', { exact: true }).fill(`echo '${HOSTILE}'`);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  // The one that waits all the while has a panel above the page.
  await page.locator('.approval-panel').getByRole('button', { name: 'Later' }).click();
  await page.locator('.run-output').getByRole('button', { name: /^Allow once/ }).click();
  await expect(page.getByRole('log')).toHaveText(`${HOSTILE}\n`);
  await harmless();
  await open('/approvals');
  await page.locator('[data-approval="hostile"]').getByRole('button', { name: /^Deny/ }).click();
  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.locator('main')).toContainText(HOSTILE);
  await harmless();
  await asked;
  // Log lines: what the page sent last is in them.
  await open('/logs');
  await harmless();
});
