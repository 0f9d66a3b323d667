import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerProgram, createBrokerProgram, WITH_PACKAGES } from '../../support/broker-program.ts';
import { findFreePort } from '../../support/free-ports.ts';
import { type RedisServer, startRedisServer } from '../../support/redis-server.ts';

let folder = '';
let program: BrokerProgram;
let server: RedisServer;
let port = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'message-flow-tls-'));
  createCertificate('localhost');
  program = await createBrokerProgram();
  port = await findFreePort();
  const files = [
    '--tls-cert-file',
    path('server.crt'),
    '--tls-key-file',
    path('server.key'),
    '--tls-ca-cert-file',
    path('ca.crt'),
  ];
  server = await startRedisServer({ args: ['--tls-port', `${port}`, '--tls-auth-clients', 'no', ...files] });
}, 120_000);
afterAll(async () => {
  program.remove();
  await server.remove();
  rmSync(folder, { recursive: true });
});

const path = (name: string) => join(folder, name);

/** Makes an authority of our own, and a certificate for a host that it vouches for. */
function createCertificate(host: string): void {
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: folder, stdio: 'pipe' });
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  openssl(`req -x509 ${key} -keyout ca.key -out ca.crt -days 2 -subj /CN=ca`);
  openssl(`req ${key} -keyout server.key -out server.csr -subj /CN=${host}`);
  writeFileSync(path('names'), `subjectAltName=DNS:${host}`);
  openssl('x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt');
}

/** What a broker at this URL says of its health, and of an entry that it is told of. */
function useBroker(url: string, env: Record<string, string> = {}): Promise<string> {
  const statements = `
    const broker = createBroker(${JSON.stringify(url)});
    const { ok, reason } = await broker.health();
    console.log(ok, reason ?? '');
    if (ok) {
      const heard = new Promise((resolve) => void broker.tail('user/a', ({ key }) => resolve(key)).then(() =>
        broker.append('user/a', { key: 'a', event: 'said', data: '1' })));
      console.log(await heard);
    }
    await broker.close();`;
  return program.run(statements, { ...WITH_PACKAGES, ...env });
}

test('rediss: is encrypted, both calls and live end, where the authority is trusted', async () => {
  expect(await useBroker(`rediss://localhost:${port}`, { NODE_EXTRA_CA_CERTS: path('ca.crt') })).toBe('true \na\n');
}, 120_000);

test('a server whose certificate nobody vouches for is refused', async () => {
  expect(await useBroker(`rediss://localhost:${port}`)).toMatch(/^false .*(self-signed|unable to verify)/);
}, 120_000);

test('a server whose certificate is for another host is refused', async () => {
  const printed = await useBroker(`rediss://127.0.0.1:${port}`, { NODE_EXTRA_CA_CERTS: path('ca.crt') });
  expect(printed).toMatch(/^false .*does not match/);
}, 120_000);

test('without encryption an encrypted port is away, and says so', async () => {
  expect(await useBroker(`redis://localhost:${port}`)).toMatch(/^false /);
}, 120_000);
