import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { EncodedJson } from 'message-flow/protocol';
import { userLog } from 'message-flow/protocol';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../../support/free-ports.ts';
import { until } from '../../support/until.ts';
import { readFirstHealth } from '../first-health.ts';
import { saySoon } from './followers.ts';
import { faultOf, keysOf, listen, openBroker, openServer, say } from './redis-world.ts';

const ADA = userLog('ada');
const QUICK = { timeoutMs: 300 };
const LIMIT_MS = 120_000;
const PATIENCE_MS = 30_000;

describe('a broker whose Redis is not there', () => {
  test(
    'is made all the same; every call is `unavailable`, and health says why and since when',
    async () => {
      const madeAt = Date.now();
      const broker = openBroker(`redis://127.0.0.1:${await findFreePort()}`, { timeoutMs: 3_000 });
      const faults = await Promise.all([
        faultOf(say(broker, ADA, 'a')),
        faultOf(broker.read(ADA, 'start', 1)),
        faultOf(broker.tops([ADA])),
        faultOf(listen(broker, ADA)),
      ]);
      for (const { code, message } of faults)
        expect([code, message]).toEqual(['unavailable', expect.stringContaining('ECONNREFUSED')]);
      const health = await broker.health();
      expect(health).toMatchObject({ ok: false, reason: expect.stringContaining('ECONNREFUSED') });
      expect(health.since).toBeGreaterThanOrEqual(madeAt);
    },
    LIMIT_MS,
  );

  test(
    'works, and is heard, as soon as it is there',
    async () => {
      const server = await openServer();
      await server.end();
      const broker = openBroker(server.url);
      expect((await faultOf(say(broker, ADA, 'a'))).code).toBe('unavailable');
      await server.start();
      const heard = await until(() => listen(broker, ADA).catch(() => undefined), 'a tail', PATIENCE_MS);
      await say(broker, ADA, 'a');
      await until(() => heard.length === 1, 'the entry');
      expect(await broker.health()).toMatchObject({ ok: true });
    },
    LIMIT_MS,
  );

  test(
    'is told of a loss in health, and of the end of it',
    async () => {
      const server = await openServer();
      const broker = openBroker(server.url);
      const well = await broker.health();
      await server.end('SIGKILL');
      const away = await broker.health();
      await server.start();
      const again = await until(
        async () => {
          const health = await broker.health();
          return health.ok && health;
        },
        'health',
        PATIENCE_MS,
      );
      expect([well.ok, away.ok]).toEqual([true, false]);
      expect([away.since >= well.since, again.since >= away.since, again.reason]).toEqual([true, true, undefined]);
    },
    LIMIT_MS,
  );

  test(
    'appends nothing twice and loses nothing that it acknowledged, when said again until it is taken',
    async () => {
      const server = await openServer({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
      const broker = openBroker(server.url);
      const keys = Array.from({ length: 200 }, (_, i) => `${i}`);
      const all = Promise.all(
        keys.map((key) =>
          until(() => say(broker, ADA, key).catch(() => undefined), `"${key}" to be taken`, PATIENCE_MS),
        ),
      );
      await server.end('SIGKILL');
      await server.start();
      await all;
      expect((await keysOf(broker, ADA)).sort()).toEqual([...keys].sort());
    },
    LIMIT_MS,
  );
});

describe('a broker whose Redis stands still', () => {
  test(
    'rejects within its time limits, and goes on when Redis does',
    async () => {
      const server = await openServer();
      const broker = openBroker(server.url, QUICK);
      await saySoon(broker, ADA, 'a');
      server.signal('SIGSTOP');
      expect((await faultOf(say(broker, ADA, 'b'))).code).toBe('unavailable');
      expect(await broker.health()).toMatchObject({ ok: false });
      server.signal('SIGCONT');
      await until(() => say(broker, ADA, 'c').catch(() => undefined), 'an append', PATIENCE_MS);
    },
    LIMIT_MS,
  );

  test(
    'holds no more than so many calls',
    async () => {
      const server = await openServer();
      const broker = openBroker(server.url, QUICK);
      await saySoon(broker, ADA, 'a');
      server.signal('SIGSTOP');
      const settled = Promise.allSettled(Array.from({ length: 10_000 }, (_, i) => say(broker, ADA, `${i}`)));
      const { code, message } = await faultOf(say(broker, ADA, 'one more'));
      expect([code, message]).toEqual(['unavailable', expect.stringContaining('10000 calls to Redis are under way')]);
      server.signal('SIGCONT');
      await settled;
    },
    LIMIT_MS,
  );

  test(
    'holds no more than so many bytes',
    async () => {
      const server = await openServer();
      const broker = openBroker(server.url, QUICK);
      await saySoon(broker, ADA, 'a');
      server.signal('SIGSTOP');
      const data = `"${'x'.repeat(262_000)}"` as EncodedJson;
      const append = (key: string) => broker.append(ADA, { key, event: 'said', data });
      const settled = Promise.allSettled(Array.from({ length: 256 }, (_, i) => append(`${i}`)));
      expect((await faultOf(append('one more'))).message).toMatch(/calls to Redis are under way, 67\d{6} bytes/);
      server.signal('SIGCONT');
      await settled;
    },
    LIMIT_MS,
  );

  test(
    'rejects what waits with `closed` when it is closed',
    async () => {
      const server = await openServer();
      const broker = openBroker(server.url);
      await say(broker, ADA, 'a');
      server.signal('SIGSTOP');
      const calls = [say(broker, ADA, 'b'), broker.read(ADA, 'start', 1), listen(broker, ADA)].map(faultOf);
      await broker.close();
      expect((await Promise.all(calls)).map(({ code }) => code)).toEqual(['closed', 'closed', 'closed']);
    },
    LIMIT_MS,
  );
});

test(
  'a broker whose Redis answers slowly counts calls that it has sent, though nobody waits for them any longer',
  async () => {
    const broker = openBroker(`redis://127.0.0.1:${await openSlow()}`, { timeoutMs: 4_000 });
    await faultOf(say(broker, ADA, 'a'));
    const data = `"${'x'.repeat(262_000)}"` as EncodedJson;
    const sayMany = (count: number) =>
      Array.from({ length: count }, (_, i) => faultOf(broker.append(ADA, { key: `${i}`, event: 'said', data })));
    await Promise.all(sayMany(256));
    const messages: string[] = [];
    for (const fault of sayMany(32)) void fault.then(({ message }) => messages.push(message));
    const isRefused = () => messages.some((text) => /calls to Redis are under way, 6\d{7} bytes/.test(text));
    await until(isRefused, 'a call to be refused', PATIENCE_MS);
  },
  LIMIT_MS,
);

describe('a password', () => {
  const SECRET = 'hunter2 & co';

  test(
    'that is wrong is in no error and no health',
    async () => {
      const server = await openServer({ password: 'right' });
      const broker = openBroker(`redis://:${encodeURIComponent(SECRET)}@127.0.0.1:${server.port}`);
      const { code, message } = await faultOf(say(broker, ADA, 'a'));
      expect([code, message]).toEqual(['unavailable', expect.stringContaining('WRONGPASS')]);
      expect(JSON.stringify([message, await broker.health()])).not.toContain('hunter2');
    },
    LIMIT_MS,
  );

  test(
    'that is missing is asked for in health',
    async () => {
      const server = await openServer({ password: 'right' });
      const { reason } = await readFirstHealth(openBroker(`redis://127.0.0.1:${server.port}`));
      expect(reason).toBe('Cannot ask Redis how it is: NOAUTH: it asks for a password, and its URL has none');
    },
    LIMIT_MS,
  );

  test(
    'is in no error of a server that repeats what it was told, nor in what hangs on the error',
    async () => {
      const port = await openEcho();
      const broker = openBroker(`redis://:${encodeURIComponent(SECRET)}@127.0.0.1:${port}`, QUICK);
      const error = await say(broker, ADA, 'a').catch((fault) => fault);
      const { reason = '' } = await broker.health();
      const { inspect } = await import('node:util');
      expect(`${inspect(error, { depth: 10, showHidden: true })}${reason}`).not.toContain('hunter2');
      expect(error.code).toBe('unavailable');
    },
    LIMIT_MS,
  );

  test(
    'with any character in it is taken',
    async () => {
      const server = await openServer({ password: 'a:b/c@d?e#f%g' });
      const broker = openBroker(`redis://:${encodeURIComponent('a:b/c@d?e#f%g')}@127.0.0.1:${server.port}`);
      await say(broker, ADA, 'a');
      expect(await broker.health()).toMatchObject({ ok: true });
    },
    LIMIT_MS,
  );
});

/** A server that lets in, and then says "OK" to one call in 500 ms. */
async function openSlow(): Promise<number> {
  return listenAs((socket) => {
    let count = 0;
    const timer = setInterval(() => count > 0 && count-- && socket.write('+OK\r\n'), 500);
    socket.on('close', () => clearInterval(timer));
    socket.once('data', () => {
      socket.write('+OK\r\n');
      socket.on('data', (chunk) => {
        count += chunk.toString('latin1').split(/\*\d+\r\n/).length - 1;
      });
    });
  });
}

/** A server that says it does not understand, and what: as those before Redis 6 do. */
async function openEcho(): Promise<number> {
  return listenAs((socket) => {
    socket.on('data', (chunk) => {
      const words = chunk
        .toString('utf8')
        .split('\r\n')
        .filter((word) => word !== '' && !/^[*$]/.test(word));
      socket.write(
        `-ERR unknown command \`${words[0]}\`, with args beginning with: ${words
          .slice(1)
          .map((word) => `\`${word}\``)
          .join(' ')}\r\n`.repeat(2),
      );
    });
  });
}

/** Serves so until the test ends; gives the port. */
async function listenAs(serve: (socket: Socket) => void): Promise<number> {
  const listener = createServer((socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  onTestFinished(() => {
    listener.close();
  });
  return (listener.address() as AddressInfo).port;
}
