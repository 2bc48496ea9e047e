import type { Page } from '@playwright/test';
import { expect, test } from './fixtures';
import type { Gateway, Ran } from './fixtures/gateway';

/** Asks for a decision as an agent would. Resolves when it is over. */
function ask(gateway: Gateway, id: string, command: string, timeoutMs = 60_000, more: object = {}): Promise<Ran> {
  const params = { id, command, cwd: '/srv', host: 'gateway', agentId: 'main', security: 'allowlist', ask: 'on-miss', timeoutMs, ...more };
  return gateway.cli('gateway', 'call', 'exec.approval.request', '--timeout', String(timeoutMs + 10_000), '--params', JSON.stringify(params), '--json');
}

function decisionOf(ran: Ran): unknown {
  return (JSON.parse(ran.stdout) as { decision: unknown }).decision;
}

const card = (page: Page, id: string) => page.locator(`[data-approval="${id}"]`);

test('a command is allowed once, and another denied, and the history tells', async ({ gateway, signedIn }) => {
  const page = await signedIn('/approvals');
  await expect(page.getByText('No command waits')).toBeVisible();
  const first = ask(gateway, 'a-1', 'rm -rf /srv/old', 60_000, { resolvedPath: '/usr/bin/rm' });
  await expect(card(page, 'a-1')).toContainText('rm -rf /srv/old');
  await expect(card(page, 'a-1')).toContainText('/usr/bin/rm');
  await expect(page.getByRole('link', { name: /Approvals/ }).first()).toContainText('1');
  await card(page, 'a-1').getByRole('button', { name: /^Allow once/ }).click();
  expect(decisionOf(await first)).toBe('allow-once');
  await expect(page.locator('.over')).toContainText('Allowed once by you');
  const second = ask(gateway, 'a-2', 'reboot');
  await card(page, 'a-2').getByRole('button', { name: /^Deny/ }).click();
  expect(decisionOf(await second)).toBe('deny');
  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.locator('tbody tr')).toHaveCount(2);
  await expect(page.locator('tr', { hasText: 'reboot' })).toContainText('Denied');
});

test('U17 bidi and control characters of a command are visible escapes', async ({ gateway, signedIn }) => {
  const page = await signedIn('/approvals');
  const asked = ask(gateway, 'a-1', 'echo \u202egpj.exe\u2069 \u200b\u00a0x\u0007\necho <img src=x onerror=alert(1)>');
  const command = card(page, 'a-1').locator('.command-text');
  await expect(command).toHaveText('echo \\u{202e}gpj.exe\\u{2069} \\u{200b}\\u{a0}x\\u{7}↵\necho <img src=x onerror=alert(1)>');
  await expect(command.locator('.hidden-character')).toHaveCount(5);
  await expect(card(page, 'a-1')).toContainText('characters that cannot be seen');
  expect(await page.locator('img').count()).toBe(0);
  await card(page, 'a-1').getByRole('button', { name: /^Deny/ }).click();
  await asked;
  await page.getByRole('tab', { name: 'History' }).click();
  await expect(page.locator('.history-command')).toContainText('echo \\u{202e}gpj.exe\\u{2069}');
});

test('U20 a command that asks while somebody types takes nothing away, Alt+A goes to it and Esc comes back', async ({ gateway, signedIn }) => {
  const page = await signedIn('/logs');
  const field = page.getByRole('searchbox').first();
  await field.fill('abcdef');
  await field.press('ArrowLeft');
  await field.press('ArrowLeft');
  const asked = ask(gateway, 'a-1', 'uname -a', 120_000);
  const panel = page.locator('.approval-panel');
  await expect(panel).toContainText('uname -a');
  await expect(page.getByRole('alert')).toContainText('A command waits for your decision: uname -a');
  await expect(field).toBeFocused();
  await page.keyboard.type('X');
  await expect(field).toHaveValue('abcdXef');
  await page.keyboard.press('Alt+a');
  await expect(panel).toBeFocused();
  const deny = panel.getByRole('button', { name: /^Deny/ });
  // For a moment after the panel came, its buttons take nothing.
  await expect(deny).toBeEnabled();
  await page.keyboard.press('d');
  await expect(deny).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(field).toBeFocused();
  await page.keyboard.type('Y');
  await expect(field).toHaveValue('abcdXYef');
  await page.keyboard.press('Alt+a');
  await page.keyboard.press('o');
  await expect(panel.getByRole('button', { name: /^Allow once/ })).toBeFocused();
  await page.keyboard.press('Enter');
  expect(decisionOf(await asked)).toBe('allow-once');
  await expect(panel).toHaveCount(0);
  await expect(field).toBeFocused();
});

test('U21 a command that waits survives a reload, and who decided elsewhere is told', async ({ gateway, signedIn }) => {
  const page = await signedIn('/approvals');
  const asked = ask(gateway, 'a-1', 'uname -a');
  await expect(card(page, 'a-1')).toBeVisible();
  await page.reload();
  await expect(card(page, 'a-1')).toContainText('uname -a');
  const allowed = await gateway.cli('approvals', 'allow', 'a-1');
  expect(allowed.code, allowed.stderr).toBe(0);
  await asked;
  await expect(card(page, 'a-1')).toHaveCount(0);
  await expect(page.locator('.over')).toContainText('Allowed once by cli');
});

test('U21 an expired command cannot be decided', async ({ gateway, signedIn }) => {
  const page = await signedIn('/approvals');
  const asked = ask(gateway, 'a-1', 'uname -a', 3_000);
  await expect(card(page, 'a-1')).toBeVisible();
  expect(decisionOf(await asked)).toBeNull();
  await expect(page.getByRole('button', { name: /^Allow once/ })).toHaveCount(0);
  await expect(page.locator('.over')).toContainText('Expired before anyone decided');
});

test('a click that was meant for what stood there before does nothing', async ({ gateway, signedIn }) => {
  const page = await signedIn('/approvals');
  // From the moment on at which the buttons are there, click as fast as the browser can, for less than the guard lasts.
  await page.evaluate(() => {
    const watch = new MutationObserver(() => {
      const button = document.querySelector<HTMLElement>('[data-decision="allow-once"]');
      if (!button) return;
      watch.disconnect();
      button.click();
      button.click();
      document.body.dataset['clicked'] = 'yes';
    });
    watch.observe(document.body, { childList: true, subtree: true });
  });
  const asked = ask(gateway, 'a-1', 'uname -a');
  await expect(page.locator('body')).toHaveAttribute('data-clicked', 'yes');
  await expect(card(page, 'a-1')).toBeVisible();
  await card(page, 'a-1').getByRole('button', { name: /^Deny/ }).click();
  expect(decisionOf(await asked)).toBe('deny');
});

test('the rules of this machine are changed, and a change by somebody else meanwhile is not lost', async ({ gateway, signedIn }) => {
  const page = await signedIn('/approvals?tab=policy');
  await page.getByLabel('What may run').selectOption('full');
  await page.getByLabel('When to ask').selectOption('off');
  await expect(page.getByText('Every command runs without a question')).toBeVisible();
  await page.getByRole('button', { name: 'Discard changes' }).click();
  await page.getByLabel('For', { exact: true }).selectOption('main');
  await page.getByLabel('Add a program').fill('rsync');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(page.getByText('A name alone covers nothing.', { exact: false })).toBeVisible();
  await page.getByLabel('Add a program').fill('/usr/bin/rsync');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByLabel('Test a path').fill('/usr/bin/rsync');
  await expect(page.getByText('Covered by /usr/bin/rsync.')).toBeVisible();
  const other = await gateway.cli('approvals', 'allowlist', 'add', '/usr/bin/git', '--gateway', '--agent', 'main');
  expect(other.code, other.stderr).toBe(0);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Somebody else changed these rules meanwhile')).toBeVisible();
  await page.getByRole('button', { name: 'Apply mine to the new rules' }).click();
  await expect(page.locator('.allowlist li')).toHaveCount(2);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'are saved' })).toBeVisible();
  const answer = (await gateway.json('gateway', 'call', 'exec.approvals.get')) as { file: { agents: { main: { allowlist: { pattern: string }[] } } } };
  expect(answer.file.agents.main.allowlist.map(({ pattern }) => pattern).sort()).toEqual(['/usr/bin/git', '/usr/bin/rsync']);
});

test('on a phone a line tells of the command, and what is below stays usable', async ({ gateway, signedIn, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await signedIn('/clients');
  const asked = ask(gateway, 'a-1', 'uname -a');
  const panel = page.locator('.approval-panel');
  await expect(panel).toContainText('uname -a');
  await expect(panel.getByRole('button', { name: /^Allow once/ })).toHaveCount(0);
  await panel.getByRole('button', { name: 'Look' }).click();
  await panel.getByRole('button', { name: /^Deny/ }).click();
  expect(decisionOf(await asked)).toBe('deny');
  await expect(panel).toHaveCount(0);
});
