import { test } from './fixtures';
import { appendFile, mkdir } from 'node:fs/promises';
const FILE = '/tmp/observe-shots/gw.log';
test.use({ options: { config: { logging: { file: FILE } } } });
test('shot', async ({ signedIn, page, gateway }) => {
  await mkdir('/tmp/observe-shots', { recursive: true });
  const paths = (process.env['SHOT'] ?? '/logs').split(',');
  void gateway;
  for (const [n, m, l, s] of [[1, 'node attic connected', 'INFO', 'gateway/nodes'], [2, 'connection refused peer=203.0.113.7', 'WARN', 'gateway/conn'], [3, 'tailscale serve failed: permission denied; run sudo tailscale set --operator=$USER on the gateway host, then start the gateway again so that it can tell tailscaled what to do', 'ERROR', 'gateway/tailscale']] as const)
    await appendFile(FILE, JSON.stringify({ 0: JSON.stringify({ subsystem: s }), 1: m, _meta: { logLevelName: l }, time: new Date(Date.now() + n * 1000).toISOString() }) + '\n');
  await page.setViewportSize({ width: 1280, height: 800 });
  await signedIn(paths[0]);
  for (const path of paths) {
    const name = path.replace(/[^a-z]+/g, '-').replace(/^-/, '');
    if (path !== paths[0]) await page.evaluate((p) => { history.pushState(null, '', p); dispatchEvent(new PopStateEvent('popstate', { state: null })); }, path);
    for (const [w, h] of [[1280, 800], [390, 844], [320, 640]] as const) {
      await page.setViewportSize({ width: w, height: h });
      for (const theme of w === 1280 ? ['light', 'dark'] : ['light']) {
        await page.evaluate((t) => document.documentElement.dataset['theme'] = t, theme);
        await page.waitForTimeout(700);
        await page.screenshot({ path: `/tmp/observe-shots/${name}-${w}-${theme}.png` });
      }
    }
  }
});
