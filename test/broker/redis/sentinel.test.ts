import { userLog } from 'message-flow/protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { type RedisSentinels, startRedisSentinels } from '../../support/redis-group.ts';
import { until } from '../../support/until.ts';
import { follow, isReset, saySoon, sees } from './followers.ts';
import { claimsOf, createFaults, faultOf, keysOf, listen, openBroker, say } from './redis-world.ts';

const ADA = userLog('ada');
/** How long a leader that is killed is waited for. */
const DOWN_AFTER_MS = 500;

let group: RedisSentinels;
const start = async () => {
  group = await startRedisSentinels('secret', 'watchword');
};

describe('a broker under Sentinel', () => {
  beforeAll(start, 120_000);
  afterAll(() => group.remove());

  const faults = createFaults((...command) => group.leader.admin(...command));
  for (const { name, run } of claimsOf(() => group.url, faults)) test(`conforms: ${name}`, run, 60_000);

  test('reads nothing from a replica, though that one would answer', async () => {
    const broker = openBroker(`redis://:secret@127.0.0.1:${group.replica.port}`);
    await say(openBroker(group.url), ADA, 'a');
    await expect(broker.read(ADA, 'start', 10)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await broker.health()).toMatchObject({ ok: false, reason: expect.stringContaining('replica') });
  }, 120_000);

  test('with a wrong password for the sentinels is away, and shows neither password', async () => {
    const broker = openBroker(group.url.replace('watchword', 'wrongword'));
    const error = await say(broker, ADA, 'a').catch((fault) => fault);
    expect(error).toMatchObject({ code: 'unavailable' });
    expect(`${error} ${JSON.stringify(await broker.health())}`).not.toMatch(/wrongword|secret/);
    expect((await broker.health()).reason).toContain('WRONGPASS');
  }, 120_000);

  test('whose leader takes nothing without its replica says so, and goes on when that is back', async () => {
    const { gateway, follower } = await follow(openBroker(group.url));
    for (const setting of ['min-replicas-to-write', 'min-replicas-max-lag'])
      await group.leader.admin('CONFIG', 'SET', setting, 1);
    group.replica.signal('SIGSTOP');
    const isRefused = () =>
      faultOf(say(gateway.broker, ADA, crypto.randomUUID())).then(
        ({ message }) => /NOREPLICAS/.test(message),
        () => false,
      );
    await until(isRefused, 'the leader to miss its replica', 20_000);
    group.replica.signal('SIGCONT');
    const at = await saySoon(gateway.broker, ADA, 'b');
    await sees(follower, (text) => text.includes(at), 'the entry');
  }, 120_000);

  test('finds the leader while a sentinel is away, and prints nothing', async () => {
    const printed: unknown[] = [];
    const { error, warn } = console;
    Object.assign(console, {
      error: (text: unknown) => printed.push(text),
      warn: (text: unknown) => printed.push(text),
    });
    try {
      await group.sentinels[0]?.end('SIGKILL');
      const broker = openBroker(group.url);
      await listen(broker, ADA);
      expect(await broker.health()).toMatchObject({ ok: true });
    } finally {
      Object.assign(console, { error, warn });
    }
    expect(printed).toEqual([]);
  }, 120_000);
});

describe('a leader under Sentinel', () => {
  beforeEach(start, 120_000);
  afterEach(() => group.remove());

  test('that hands over is followed: nothing is lost, nothing is told', async () => {
    const { follower, gateway } = await follow(openBroker(group.url));
    const at = await say(gateway.broker, ADA, 'a');
    await group.leader.admin('WAIT', 1, 10_000);
    await group.sentinels[1]?.admin('SENTINEL', 'FAILOVER', 'main');
    await group.untilLed(group.replica);
    const after = await saySoon(gateway.broker, ADA, 'b');
    await sees(follower, (text) => text.includes(after), 'the entry after it');
    expect(follower.texts.some((text) => text.includes('"GAP"'))).toBe(false);
    const late = await gateway.connect('ada', { [ADA]: at });
    await sees(late, (text) => text.includes(after), 'the entry after its place');
    await until(async () => (await gateway.broker.health()).ok, 'health', 20_000);
  }, 180_000);

  test('that dies before its replica had all: offsets come again, and every follower who had more is told `reset`', async () => {
    const { follower, gateway } = await follow(openBroker(group.url));
    const common = await say(gateway.broker, ADA, 'a', 'b');
    await group.leader.admin('WAIT', 1, 10_000);
    group.replica.signal('SIGSTOP');
    await group.leader.admin('CLIENT', 'KILL', 'TYPE', 'replica');
    const lost = await say(gateway.broker, ADA, 'c', 'd');
    await sees(follower, (text) => text.includes(lost), 'what will be lost');
    await group.setDownAfter(DOWN_AFTER_MS);
    await group.leader.end('SIGKILL');
    group.replica.signal('SIGCONT');
    await group.untilLed(group.replica);

    const again = await saySoon(gateway.broker, ADA, 'e', 'f');
    expect([again.split(':').slice(0, 2), again === lost]).toEqual([lost.split(':').slice(0, 2), false]);
    await sees(follower, isReset, 'the reset');
    const late = await gateway.connect('ada', { [ADA]: lost });
    await sees(late, isReset, 'the reset of one who was away');
    const unharmed = await gateway.connect('ada', { [ADA]: common });
    await sees(unharmed, (text) => text.includes(again), 'the entries after its place');
    expect(unharmed.texts.some(isReset)).toBe(false);
    expect(await keysOf(gateway.broker, ADA)).toEqual(['a', 'b', 'e', 'f']);
  }, 180_000);
});
