import { defineConfig } from '@playwright/test';
import { join } from 'node:path';

const output = process.env['OPENCLAW_UI_OUTPUT'] ?? join(import.meta.dirname, '../target/ui');

/** What measures time. */
const MEASURED = ['e2e/budgets.spec.ts', 'e2e/scale.spec.ts'];

// Debian's Chromium; every name but loopback's is unknown, so that a request to anywhere else cannot leave unnoticed.
export default defineConfig({
  testDir: 'e2e',
  projects: [
    { name: 'ours', testIgnore: ['e2e/upstream/*', ...MEASURED] },
    // One at a time, and nothing beside them: `--project=measured --workers=1`.
    { name: 'measured', testMatch: MEASURED },
    // Other people's pages are large, and start slowly where much else runs.
    { name: 'upstream', testMatch: 'e2e/upstream/*.spec.ts', timeout: 300_000, expect: { timeout: 60_000 } },
  ],
  outputDir: join(output, 'results'),
  fullyParallel: true,
  workers: 2,
  retries: 0,
  forbidOnly: process.env['CI'] !== undefined,
  reporter: process.env['CI'] ? [['dot']] : [['list']],
  // Long, so that a slow machine fails nothing; what is quick on a good one is for the benchmarks to say.
  timeout: 180_000,
  expect: { timeout: 30_000 },
  use: {
    browserName: 'chromium',
    headless: true,
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    reducedMotion: 'reduce',
    launchOptions: {
      executablePath: process.env['OPENCLAW_TEST_CHROMIUM'] ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--host-resolver-rules=MAP gw.test 127.0.0.1, MAP other.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
      ],
    },
  },
});
