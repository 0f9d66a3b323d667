import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, able to reach this machine and nothing else: a test must not depend on, or disturb, the network. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
];

const LAUNCH_TIMEOUT_MS = 60_000;

/** Starts Chromium with a new, empty profile; whoever calls it closes it. A missing browser fails: a skipped test proves nothing. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    throw new Error(
      `Cannot start Chromium: nothing at "${executablePath}"; \`make test\` installs it, or set CHROMIUM to its path`,
    );
  }
  return await chromium.launch({ executablePath, args: FLAGS, timeout: LAUNCH_TIMEOUT_MS });
}
