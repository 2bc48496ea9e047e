import { writeFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test, TOKEN } from './fixtures';
import type { Gateway } from './fixtures';

/** A file as a person writes it, with secrets and comments. */
async function handWritten(gateway: Gateway): Promise<string> {
  const parsed = JSON.parse(await gateway.config()) as { gateway: Record<string, unknown> };
  const text = `// the gateway in the attic
{
  gateway: {
    mode: 'local',
    port: ${gateway.port}, // behind the router
    auth: { mode: "token", token: "${TOKEN}" },
    controlUi: ${JSON.stringify(parsed.gateway['controlUi'])},
    reload: { mode: 'hybrid' }, /* takes over by itself */
  },
  logging: { level: 'info' },
}
`;
  await writeFile(gateway.configPath, text, { mode: 0o600 });
  return text;
}

/** A file without what every write stamps, and without final commas, which come with the stamp. */
function unstamped(text: string): string {
  return text.replace(/"?meta"?: \{[^}]*\},?\s*/, '').replace(/,?\s*\}/g, ' }');
}

function setting(page: Page, path: string) {
  return page.locator(`[data-setting="${path}"]`);
}

async function openForm(signedIn: (path?: string) => Promise<Page>): Promise<Page> {
  const page = await signedIn('/config');
  await expect(setting(page, 'gateway.port').getByRole('textbox')).toHaveValue(/\d+/);
  return page;
}

test('U28 one setting changes in the file, the secret and the comments stay', async ({ gateway, signedIn }) => {
  const before = await handWritten(gateway);
  const page = await openForm(signedIn);
  await expect(page.locator('main')).not.toContainText(TOKEN);
  await setting(page, 'gateway.reload.mode').getByRole('combobox').selectOption('hot');
  await expect(page.getByRole('region', { name: 'Unsaved edits' })).toContainText('1 edit, not saved');
  await page.getByRole('button', { name: 'Review and save' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('row', { name: /gateway\.reload\.mode/ })).toContainText('hybrid');
  await dialog.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved. The gateway applies it by itself.').first()).toBeVisible();
  expect(unstamped(await gateway.config())).toBe(unstamped(before.replace("'hybrid'", '"hot"')));
});

test('U28 the text is saved as it was typed, with the secret that is behind the placeholder', async ({ gateway, signedIn }) => {
  const before = await handWritten(gateway);
  const page = await signedIn('/config?tab=raw');
  const editor = page.getByRole('textbox', { name: 'Text of the config file, JSON5' });
  await expect(editor).toHaveValue(/the gateway in the attic/);
  await expect(editor).not.toHaveValue(new RegExp(TOKEN));
  const text = await editor.inputValue();
  await editor.fill(text.replace('// behind the router', '// behind the new router').replace("level: 'info'", "level: 'debug'"));
  await page.getByRole('button', { name: 'Review and save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved. The gateway applies it by itself.').first()).toBeVisible();
  const after = await gateway.config();
  expect(after).toContain(`token: "${TOKEN}"`);
  expect(after).not.toContain('REDACTED');
  expect(unstamped(after)).toBe(unstamped(before.replace('behind the router', 'behind the new router').replace("level: 'info'", "level: 'debug'")));
});

test('U28 a comment that hides a credential stays in the file', async ({ gateway, signedIn }) => {
  await handWritten(gateway);
  const text = (await gateway.config()).replace('// behind the router', '// old token: "abcdefabcdef"');
  await writeFile(gateway.configPath, text, { mode: 0o600 });
  const page = await signedIn('/config?tab=raw');
  const editor = page.getByRole('textbox', { name: 'Text of the config file, JSON5' });
  await expect(editor).toHaveValue(/\/\/ __OPENCLAW_REDACTED__/);
  await editor.fill((await editor.inputValue()).replace("level: 'info'", "level: 'debug'"));
  await page.getByRole('button', { name: 'Review and save' }).click();
  await expect(page.getByRole('dialog')).toContainText('A comment in the file holds something like a credential');
  await page.getByRole('dialog').getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved. The gateway applies it by itself.').first()).toBeVisible();
  expect(await gateway.config()).toContain('// old token: "abcdefabcdef"');
});

test('U28 the placeholder typed where no secret is cannot be saved', async ({ gateway, signedIn }) => {
  const before = await handWritten(gateway);
  const page = await openForm(signedIn);
  await setting(page, 'gateway.auth.password').getByRole('textbox').fill('__OPENCLAW_REDACTED__');
  await page.getByRole('button', { name: 'Review and save' }).click();
  await expect(page.getByRole('dialog')).toContainText('The placeholder stands where no secret is known: gateway.auth.password');
  await expect(page.getByRole('dialog').getByRole('button', { name: /^(Save|Apply, then ask me)$/ })).toBeDisabled();
  expect(await gateway.config()).toBe(before);
});

test('U27 a change by the command line meanwhile: both are seen, nothing is lost', async ({ gateway, signedIn }) => {
  await handWritten(gateway);
  const page = await openForm(signedIn);
  await setting(page, 'gateway.reload.mode').getByRole('combobox').selectOption('hot');
  await setting(page, 'discovery.mdns.mode').getByRole('combobox').selectOption('off');
  // Somebody else changes one of the two, and a third.
  expect((await gateway.cli('config', 'set', 'gateway.reload.mode', 'restart')).code).toBe(0);
  expect((await gateway.cli('config', 'set', 'logging.level', 'debug')).code).toBe(0);
  await expect(page.getByText('The file was changed meanwhile')).toBeVisible();
  await expect(setting(page, 'gateway.reload.mode').getByRole('combobox')).toHaveValue('hot');
  await page.getByRole('button', { name: 'Review and save' }).click();
  const dialog = page.getByRole('dialog', { name: 'Two sets of changes' });
  const clash = dialog.getByRole('row', { name: /gateway\.reload\.mode/ });
  await expect(clash).toContainText('hybrid');
  await expect(clash.getByRole('radio', { name: 'Yours' })).toBeChecked();
  await expect(dialog.getByRole('row', { name: /logging\.level/ })).toContainText('debug');
  await expect(dialog.getByRole('row', { name: /discovery\.mdns\.mode/ })).toContainText('off');
  await dialog.getByRole('button', { name: 'Continue with both' }).click();
  const review = page.getByRole('dialog', { name: 'Review the change' });
  await expect(review.getByRole('row', { name: /gateway\.reload\.mode/ })).toContainText('restart');
  await review.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Saved. The gateway applies it by itself.').first()).toBeVisible();
  expect(await gateway.json('config', 'get', 'gateway.reload.mode')).toBe('hot');
  expect(await gateway.json('config', 'get', 'discovery.mdns.mode')).toBe('off');
  expect(await gateway.json('config', 'get', 'logging.level')).toBe('debug');
});

test('a text with mistakes says so by line, and what the gateway refuses is kept', async ({ gateway, signedIn }) => {
  await handWritten(gateway);
  const page = await signedIn('/config?tab=raw');
  const editor = page.getByRole('textbox', { name: 'Text of the config file, JSON5' });
  await expect(editor).toHaveValue(/attic/);
  const text = await editor.inputValue();
  await editor.fill(text.replace(`port: ${gateway.port}`, 'port: 700000'));
  await expect(page.getByText('gateway.port: Must be at most 65535.')).toBeVisible();
  await page.getByRole('button', { name: 'Line 5' }).click();
  await expect(editor).toBeFocused();
  await editor.fill(text.replace("mode: 'local',", "mode: 'local'"));
  await expect(page.locator('.line-issue')).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Review and save' })).toBeDisabled();
  // What only the gateway knows to be wrong.
  await editor.fill(text.replace('auth: {', "tailscale: { mode: 'funnel' }, auth: {"));
  await page.getByRole('button', { name: 'Review and save' }).click();
  await page.getByRole('dialog').getByRole('button', { name: /^(Save|Apply, then ask me)$/ }).click();
  await expect(page.getByRole('dialog')).toContainText('The gateway refused the change');
  await page.getByRole('dialog').getByRole('button', { name: 'Back' }).click();
  await expect(editor).toHaveValue(/mode: 'funnel'/);
  await expect(page.locator('.line-issue').first()).toContainText('gateway.auth.mode: tailscale funnel requires');
});

test('edits stay while other views are shown, and closing the tab asks', async ({ signedIn }) => {
  const page = await openForm(signedIn);
  await setting(page, 'gateway.reload.mode').getByRole('combobox').selectOption('hot');
  await page.getByRole('link', { name: 'Overview' }).first().click();
  await page.getByRole('link', { name: 'Config' }).first().click();
  await expect(setting(page, 'gateway.reload.mode').getByRole('combobox')).toHaveValue('hot');
  const asked = page.waitForEvent('dialog');
  void page.close({ runBeforeUnload: true });
  await (await asked).accept();
});

test.describe('with a variable', () => {
  test.use({ options: { env: { OPENCLAW_GATEWAY_BIND: 'loopback' } } });
  test('a setting of the environment is shown as such and cannot be edited', async ({ signedIn }) => {
  const page = await openForm(signedIn);
  const bind = setting(page, 'gateway.bind');
  await expect(bind).toContainText('Set by OPENCLAW_GATEWAY_BIND');
  await expect(bind.getByRole('combobox')).toBeDisabled();
});
});
