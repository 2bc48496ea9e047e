import { createRequire } from 'node:module';
import { test } from './fixtures';
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
test.use({ bypassCSP: true });
test('keep', async ({ page, gateway, signedIn }) => {
  await page.routeWebSocket(/127/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const frame = JSON.parse(String(message));
      if (frame.payload?.features) {
        frame.payload.features.methods.push('config.confirm');
        socket.send(JSON.stringify(frame));
        setTimeout(() => socket.send(JSON.stringify({ type: 'event', event: 'config.confirmPending', payload: { id: 'x', deadlineMs: Date.now() + 47_000, keys: ['gateway.bind', 'gateway.port'], by: 'Chromium on Linux' } })), 3500);
        return;
      }
      if (frame.payload && 'pendingConfirm' in frame.payload) { frame.payload.pendingConfirm = { id: 'x', deadlineMs: Date.now() + 47_000, keys: ['gateway.bind', 'gateway.port'], by: 'Chromium on Linux' }; socket.send(JSON.stringify(frame)); return; }
      socket.send(String(message));
    });
  });
  await signedIn('/config');
  const keep = page.getByRole('region', { name: 'Keep these settings?' });
  await keep.waitFor();
  await page.waitForTimeout(1500);
  for (const [theme, width, height] of [['light', 1280, 700], ['dark', 390, 844], ['light', 320, 640]] as const) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: theme });
    await page.waitForTimeout(200);
    await page.screenshot({ path: `/tmp/shots/keep-${theme}-${width}.png` });
    await page.addScriptTag({ path: axe });
    console.log(theme, width, await page.evaluate(async () => (await (window as never as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } }).axe.run()).violations.map((v) => v.id + ' ' + v.nodes[0]?.html.slice(0, 150))));
  }
  void gateway;
});
