import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { processClock } from '../../../src/broker/process-clock.ts';
import { createLiveEnd } from '../../../src/broker/redis/live-end.ts';
import { until } from '../../support/until.ts';
import { openServer } from './redis-world.ts';

const PATIENCE_MS = 30_000;
const CHANNEL = 'flow:0:{user/ada}';

/** A live end between two servers; the test says which of them has the channels. It gives up what stands still after so long. */
async function openLiveEnd(timeoutMs = PATIENCE_MS) {
  const servers = { first: await openServer(), second: await openServer() };
  const told: string[] = [];
  const state = { place: 'first' as keyof typeof servers, findCount: 0 };
  const liveEnd = createLiveEnd({
    clock: processClock,
    probeIntervalMs: 60_000,
    timeoutMs,
    open: (place) => {
      const { port } = servers[place as keyof typeof servers];
      return new Redis({
        port,
        enableReadyCheck: false,
        autoResubscribe: false,
        maxRetriesPerRequest: 0,
        disconnectTimeout: 100,
      });
    },
    find: async () => {
      state.findCount++;
      return state.place;
    },
    refresh: async () => {},
    publish: async () => {},
    onInterrupted: (channels) => told.push(...channels),
  });
  onTestFinished(() => liveEnd.close());
  return { servers, told, state, liveEnd };
}

test('a channel that went to a server which stands still is told as interrupted once it is heard there', async () => {
  const { servers, told, state, liveEnd } = await openLiveEnd(1_000);
  const heard: string[] = [];
  const listen = () => liveEnd.listen(CHANNEL, (text) => heard.push(text)).catch(() => undefined);
  await until(listen, 'the first server to be listened to', PATIENCE_MS);
  servers.second.signal('SIGSTOP');
  state.place = 'second';
  const { findCount } = state;
  await servers.first.admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => state.findCount > findCount + 1, 'the move to be tried again', PATIENCE_MS);
  servers.second.signal('SIGCONT');
  await until(() => told.includes(CHANNEL), 'the interruption', PATIENCE_MS);
  await servers.second.admin('SPUBLISH', CHANNEL, 'a');
  await until(() => heard.length > 0, 'what is said there', PATIENCE_MS);
  expect(heard).toEqual(['a']);
}, 120_000);

test('of channels that move, those that arrived are told, though another has not', async () => {
  const { servers, told, state, liveEnd } = await openLiveEnd();
  await liveEnd.listen(CHANNEL, () => {});
  await servers.second.admin('ACL', 'SETUSER', 'default', 'resetchannels', '&flow:0:{user/ada}');
  await liveEnd.listen('flow:0:{user/grace}', () => {});
  state.place = 'second';
  await servers.first.admin('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await until(() => told.includes(CHANNEL), 'the interruption', PATIENCE_MS);
  await servers.second.admin('ACL', 'SETUSER', 'default', 'allchannels');
  await until(() => told.includes('flow:0:{user/grace}'), 'the interruption of the other', PATIENCE_MS);
}, 120_000);

test('who listened already is told, when another listener comes first to where the channel went', async () => {
  const { servers, told, state, liveEnd } = await openLiveEnd();
  await liveEnd.listen(CHANNEL, () => {});
  state.place = 'second';
  await liveEnd.listen(CHANNEL, () => {});
  expect(told).toEqual([CHANNEL]);
  expect(await servers.second.admin('PUBSUB', 'SHARDCHANNELS')).toEqual([CHANNEL]);
}, 120_000);

test('what is heard again after a cut is told, though another channel is refused', async () => {
  const { servers, told, liveEnd } = await openLiveEnd();
  for (const channel of [CHANNEL, 'flow:0:{user/grace}']) await liveEnd.listen(channel, () => {});
  await servers.first.admin('ACL', 'SETUSER', 'default', 'resetchannels', `&${CHANNEL}`);
  await until(() => told.includes(CHANNEL), 'the interruption', PATIENCE_MS);
}, 120_000);
