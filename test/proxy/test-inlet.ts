import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Broker, BrokerError, createMemoryBroker } from 'message-flow/broker';
import { DIALECTS, type LogName } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import * as zeromq from 'zeromq';
import { createInlet, type Inlet, type InletEvent, type InletOptions } from '../../src/proxy/index.ts';
import { createFakeClock, type FakeClock } from '../support/fake-clock.ts';

/** A broker that a test takes away. */
export interface AwayBroker extends Broker {
  isAway: boolean;
  /** Appends that were asked for. */
  appendCount: number;
}

/** An inlet on both sockets, with all it reported. */
export interface TestInlet {
  readonly inlet: Inlet;
  readonly broker: AwayBroker;
  readonly clock: FakeClock;
  readonly events: InletEvent[];
  readonly pull: string;
  readonly xsub: string;
}

/** A folder for Unix sockets; it goes with the test. */
export function createSocketFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inlet-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Keeps all that comes, so that a test can look at it: an app's retention is shorter. */
export function createAwayBroker(): AwayBroker {
  const memory = createMemoryBroker({ messages: { maxEntries: 1_000_000 } });
  const broker: AwayBroker = {
    ...memory,
    isAway: false,
    appendCount: 0,
    async append(log, entry) {
      broker.appendCount++;
      if (broker.isAway) throw new BrokerError('unavailable', 'Cannot append: the broker is away');
      return await memory.append(log, entry);
    },
  };
  return broker;
}

export async function startInlet(options: Partial<InletOptions> = {}): Promise<TestInlet> {
  const broker = createAwayBroker();
  const clock = createFakeClock();
  const events: InletEvent[] = [];
  const folder = createSocketFolder();
  const inlet = await createInlet({
    broker,
    clock,
    xsub: `ipc://${folder}/in`,
    pull: 'tcp://127.0.0.1:*',
    dialects: DIALECTS.map(({ name }) => name),
    onEvent: (event) => events.push(event),
    ...options,
  });
  onTestFinished(async () => {
    broker.isAway = false;
    const closing = inlet.close();
    clock.advance(10_000);
    await closing;
    await broker.close();
  });
  return { inlet, broker, clock, events, pull: inlet.pull as string, xsub: inlet.xsub as string };
}

/** A publisher as those since 2017 have it. Without a limit, so that a test's burst is in its own hands. */
export function openPush(endpoint: string): zeromq.Push {
  const push = new zeromq.Push({ linger: 0, sendHighWaterMark: 0 });
  push.connect(endpoint);
  onTestFinished(() => push.close());
  return push;
}

/** A publisher of 2016, once it was asked for all it has. On the wire XPUB is what PUB is, but it shows that. */
export async function openPub(endpoint: string): Promise<zeromq.XPublisher> {
  const pub = new zeromq.XPublisher({ linger: 0, sendHighWaterMark: 0, receiveTimeout: 30_000 });
  pub.connect(endpoint);
  onTestFinished(() => pub.close());
  const [asked] = await pub.receive();
  if (asked?.toString('hex') !== '01') throw new Error(`Cannot publish: asked for "${asked}", not for all`);
  return pub;
}

/** What `Flow.push` sends today. */
export function layPush(user: string, actionType: string, payload: unknown): [string, string] {
  return [user, JSON.stringify({ user_id: user, actionType, payload }, null, 2)];
}

/** The data of all entries of a log, parsed. */
export async function dataOf(broker: Broker, log: string): Promise<unknown[]> {
  const { entries } = await broker.read(log as LogName, 'start', 1_000_000);
  return entries.map(({ data }) => JSON.parse(data));
}
