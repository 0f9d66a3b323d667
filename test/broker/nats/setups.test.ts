import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nkeys } from '@nats-io/transport-node';
import { userLog } from 'message-flow/protocol';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { entryOf } from '../../../src/broker/conformance/world.ts';
import { createCertificate } from '../../support/certificate.ts';
import { startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';
import { readFirstHealth } from '../first-health.ts';
import { openNatsBroker, PATIENCE_MS, TIMEOUT_MS } from './open-nats-broker.ts';

const log = userLog('ada');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'message-flow-nats-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

async function startServer(config: string) {
  const server = await startNatsServer(config);
  onTestFinished(() => server.remove());
  return server;
}

test(
  'a token alone lets in',
  async () => {
    const { url } = await startServer('authorization { token: "s3cr/t" }');
    const broker = openNatsBroker(url.replace('//', '//s3cr%2Ft@'));
    expect(await broker.append(log, entryOf('a'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  'an nkey lets in, by the file of its seed',
  async () => {
    const pair = nkeys.createUser();
    const file = join(folder, 'seed.nk');
    await writeFile(file, `${new TextDecoder().decode(pair.getSeed())}\n`, { mode: 0o600 });
    const { url } = await startServer(`authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }`);
    const broker = openNatsBroker(`${url}?nkey=${encodeURIComponent(file)}`);
    expect(await broker.append(log, entryOf('a'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  'a file of a seed that is not there is a reason, and it is looked for again',
  async () => {
    const pair = nkeys.createUser();
    const file = join(folder, 'seed.nk');
    const { url } = await startServer(`authorization { users: [ { nkey: ${pair.getPublicKey()} } ] }`);
    const broker = openNatsBroker(`${url}?nkey=${encodeURIComponent(file)}`);
    expect(await readFirstHealth(broker)).toMatchObject({ ok: false, reason: expect.stringContaining('ENOENT') });
    await writeFile(file, new TextDecoder().decode(pair.getSeed()), { mode: 0o600 });
    await until(async () => (await broker.health()).ok, 'the seed to be found', PATIENCE_MS);
  },
  TIMEOUT_MS,
);

test(
  'tls:// speaks TLS, with the authority that the URL names, and with no other',
  async () => {
    const { cert, key } = createCertificate(folder, 'server');
    const other = createCertificate(folder, 'other');
    const { url } = await startServer(`tls { cert_file: "${cert}", key_file: "${key}", timeout: 5 }`);
    const open = (ca: string) => openNatsBroker(`${url.replace('nats:', 'tls:')}?ca=${encodeURIComponent(ca)}`);
    expect(await open(cert).append(log, entryOf('a'))).not.toBeNull();
    expect(await readFirstHealth(open(other.cert))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('CERT'),
    });
  },
  TIMEOUT_MS,
);

test(
  'tls:// shows a certificate of its own where the server asks for one',
  async () => {
    const [{ cert, key }, mine] = [createCertificate(folder, 'server'), createCertificate(folder, 'client')];
    const { url } = await startServer(
      `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${mine.cert}", verify: true, timeout: 5 }`,
    );
    const files = new URLSearchParams({ ca: cert, cert: mine.cert, key: mine.key });
    const broker = openNatsBroker(`${url.replace('nats:', 'tls:')}?${files}`);
    expect(await broker.append(log, entryOf('a'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  'tls:// speaks to no server without TLS',
  async () => {
    const { url } = await startServer('');
    const broker = openNatsBroker(url.replace('nats:', 'tls:'));
    expect(await readFirstHealth(broker)).toMatchObject({ ok: false, reason: expect.stringContaining("'tls'") });
  },
  TIMEOUT_MS,
);

test(
  'a server without JetStream is a reason',
  async () => {
    const { url } = await startServer('accounts { A { users: [ { user: a, password: a } ] } }');
    const broker = openNatsBroker(url.replace('//', '//a:a@'));
    expect(await readFirstHealth(broker)).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/jetstream not enabled/i),
    });
  },
  TIMEOUT_MS,
);

test(
  'what is larger than the server takes is `refused`, and what is smaller is not',
  async () => {
    const { url } = await startServer('max_payload: 10000');
    const broker = openNatsBroker(url);
    const large = JSON.stringify('x'.repeat(20_000));
    await expect(broker.append(log, entryOf('a', large))).rejects.toMatchObject({
      name: 'BrokerError',
      code: 'refused',
    });
    expect(await broker.append(log, entryOf('b'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  'the next server of the URL is taken where the first is not there',
  async () => {
    const { port } = await startServer('');
    const broker = openNatsBroker(`nats://127.0.0.1:1?server=127.0.0.1:${port}`);
    expect(await broker.append(log, entryOf('a'))).not.toBeNull();
  },
  TIMEOUT_MS,
);

test(
  "Debian's 2.9 knows no sync_interval: what it acknowledged may wait two minutes for the disk",
  async () => {
    await expect(startServer('jetstream { sync_interval: always }')).rejects.toThrow('unknown field "sync_interval"');
  },
  TIMEOUT_MS,
);
