// U36: half an hour, most of it hidden, on a clock that runs fast.

import { expect, test, TOKEN } from './fixtures';

test('U36 30 minutes, 20 of them hidden: no reconnect, few probes, no growth', async ({ page, gateway }) => {
  test.setTimeout(180_000);
  let sockets = 0;
  const probes: boolean[] = [];
  let hidden = false;
  page.on('websocket', (socket) => {
    sockets += 1;
    socket.on('framesent', ({ payload }) => {
      if (String(payload).includes('"last-heartbeat"')) probes.push(hidden);
    });
  });
  await page.clock.install();
  await page.goto(`${gateway.origin}/overview#token=${TOKEN}`);
  await page.clock.runFor(1000);
  await expect(page.locator('.health')).toContainText('Live');
  const client = await page.context().newCDPSession(page);
  const heap = async () => {
    await client.send('HeapProfiler.collectGarbage');
    return (await client.send('Runtime.getHeapUsage')).usedSize;
  };
  /** Lets minutes pass, with time for answers between. */
  const pass = async (minutes: number, step: number) => {
    for (let at = 0; at < minutes * 60_000; at += step) {
      await page.clock.runFor(step);
      await page.evaluate(() => new Promise((resolve) => setImmediateLike(resolve)));
    }
  };
  // The page's timers are the test's; messages of a channel are not.
  await page.evaluate(() => {
    (window as unknown as { setImmediateLike: (run: (value: unknown) => void) => void }).setImmediateLike = (run) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = run;
      port2.postMessage(0);
    };
  });
  await pass(2, 2500);
  const before = await heap();
  await pass(3, 2500);
  hidden = true;
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await pass(20, 10_000);
  hidden = false;
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await pass(5, 2500);
  const grown = (await heap()) - before;
  // On a clock that runs fast the gateway's answers look slow.
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.locator('[data-banner=lost]')).toHaveCount(0);
  expect(sockets).toBeLessThanOrEqual(2);
  expect(probes.filter((when) => when).length).toBeLessThanOrEqual(40);
  expect(probes.filter((when) => !when).length).toBeGreaterThan(10);
  expect(grown).toBeLessThan(2_000_000);
});

declare function setImmediateLike(run: (value: unknown) => void): void;
