import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from '../../../examples/observatory/back/settings.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

test('nothing set is enough, and empty is not set', () => {
  expect(readSettings({ PORT: '', HOST: '' })).toMatchObject({ port: 5000, host: '127.0.0.1', broker: 'memory:' });
});

test('a feed is an address or a file', () => {
  expect(readSettings({ FEED: 'https://example.org/feed?a=1' }).feed.href).toBe('https://example.org/feed?a=1');
  expect(readSettings({ FEED: 'a/feed.xml' }).feed.pathname).toBe(join(process.cwd(), 'a/feed.xml'));
});

test.each(['x', '-1', '70000', '1.5'])('the port "%s" is refused', (PORT) => {
  expect(() => readSettings({ PORT })).toThrow(`Cannot use PORT: it is "${PORT}"`);
});

test('without a secret it listens to this machine only', () => {
  expect(() => readSettings({ HOST: '0.0.0.0' })).toThrow('without FLOW_SECRET');
  expect(readSettings({ HOST: '0.0.0.0', FLOW_SECRET: 'x'.repeat(32) }).host).toBe('0.0.0.0');
});

test('the secret may be in a file', async () => {
  const path = join(await createTemporaryFolder(), 'secret');
  await writeFile(path, `${'x'.repeat(32)}\n`);
  expect(readSettings({ FLOW_SECRET_FILE: path }).secret).toBe('x'.repeat(32));
  expect(() => readSettings({ FLOW_SECRET_FILE: `${path}s` })).toThrow(`Cannot read FLOW_SECRET_FILE, ${path}s`);
});

test('a Unix socket is a path, from here', () => {
  expect(readSettings({ SOCKET: 'run/web.sock' }).socket).toBe(join(process.cwd(), 'run/web.sock'));
});
