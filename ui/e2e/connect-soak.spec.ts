// U36: half an hour, most of it hidden, on a clock that runs fast.

import { expect, test, TOKEN } from './fixtures';

test('U36 30 minutes, 20 of them hidden: no reconnect, few probes, no growth', async ({ page, gateway }) => {
  let sockets = 0;
  const probes: boolean[] = [];
  /** Ids of probes that wait for their answer. */
  const unanswered = new Set<string>();
  let hidden = false;
  page.on('websocket', (socket) => {
    sockets += 1;
    socket.on('framesent', ({ payload }) => {
      const { id, method } = JSON.parse(String(payload)) as { id: string; method: string };
      if (method !== 'last-heartbeat') return;
      probes.push(hidden);
      unanswered.add(id);
    });
    socket.on('framereceived', ({ payload }) => {
      const { id } = JSON.parse(String(payload)) as { id?: string };
      if (id) unanswered.delete(id);
    });
  });
  await page.clock.install();
  await page.goto(`${gateway.origin}/overview#token=${TOKEN}`);
  await page.clock.runFor(1000);
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  const client = await page.context().newCDPSession(page);
  const heap = async () => {
    await client.send('HeapProfiler.collectGarbage');
    return (await client.send('Runtime.getHeapUsage')).usedSize;
  };
  /** Lets minutes pass; the gateway answers in between, on its own clock. */
  const pass = async (minutes: number, step: number) => {
    for (let at = 0; at < minutes * 60_000; at += step) {
      await page.clock.runFor(step);
      await expect.poll(() => unanswered.size, { intervals: [2, 5, 10, 50] }).toBe(0);
      await page.evaluate(() => undefined);
    }
  };
  await pass(2, 5000);
  const before = await heap();
  await pass(3, 5000);
  hidden = true;
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await pass(20, 30_000);
  hidden = false;
  await page.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await pass(5, 5000);
  const grown = (await heap()) - before;
  // On a clock that runs fast the gateway's answers look slow.
  await expect(page.locator('.health')).toContainText(/Live|Slow/);
  await expect(page.locator('[data-banner=lost]')).toHaveCount(0);
  expect(sockets).toBeLessThanOrEqual(2);
  expect(probes.filter((when) => when).length).toBeLessThanOrEqual(40);
  expect(probes.filter((when) => !when).length).toBeGreaterThan(10);
  expect(grown).toBeLessThan(2_000_000);
});
