/** What each engine bears, from one process. Control: `memory:`, which is a call. */
import { type Broker, createBroker } from 'message-flow/broker';
import type { EncodedJson, LogName } from 'message-flow/protocol';
import type { Engine, EngineServer } from '../test/faults/engine.ts';
import { ENGINES } from '../test/faults/engines.ts';
import { bundlePrograms } from '../test/faults/programs.ts';
import { createScope, type Scope } from '../test/faults/scope.ts';
import { SAID } from './orders.ts';
import { median, show } from './table.ts';

const KEPT = 1_000;
const ONE_BY_ONE = 300;
const LOGS = 64;
const EACH = 100;
const READS = 20;
const DATA = JSON.stringify(SAID) as EncodedJson;

interface Figures {
  readonly name: string;
  /** One append after the other, in milliseconds. */
  readonly appendMs: number;
  /** With one append in flight in each of 64 logs, a second. */
  readonly appendsPerS: number;
  /** From the call of append to a follower in another connection, in milliseconds. */
  readonly liveMs: number;
  /** Entries of one log, a thousand a read, a second. */
  readonly readPerS: number;
}

export async function measureEngines(): Promise<string> {
  const scope = createScope();
  const rows: Figures[] = [];
  try {
    const programs = await bundlePrograms(scope);
    for (const engine of ENGINES) {
      const server = await engine.start(scope, { maxEntries: KEPT, programs });
      const open = () => openBroker(scope, server);
      const publisher = open();
      rows.push(await measure(engine, publisher, engine.isEmbedded ? publisher : open()));
    }
  } finally {
    await scope.close();
  }
  const most = rows[0]?.appendsPerS ?? Number.NaN;
  return [
    '| engine | one append | appends a second, 64 in flight | of what memory does | to a follower | entries read a second |',
    '|---|---|---|---|---|---|',
    ...rows.map(
      ({ name, appendMs, appendsPerS, liveMs, readPerS }) =>
        `| ${name} | ${show(appendMs)} ms | ${show(appendsPerS)} | ${(appendsPerS / most).toFixed(2)} | ${show(liveMs)} ms | ${show(readPerS)} |`,
    ),
  ].join('\n');
}

function openBroker(scope: Scope, { url, brokerOptions }: EngineServer): Broker {
  const broker = createBroker(url, { single: true, ...brokerOptions });
  scope.defer(() => broker.close());
  return broker;
}

async function measure({ name, says }: Engine, publisher: Broker, follower: Broker): Promise<Figures> {
  let count = 0;
  const append = (log: string) =>
    publisher.append(log as LogName, { key: `key-${count++}`, event: 'said', data: DATA });
  const heard = new Map<string, number>();
  const stop = await follower.tail('channel/live' as LogName, ({ key }) => void heard.set(key, performance.now()));
  for (let i = 0; i < ONE_BY_ONE; i++) await append('channel/warm');

  const waits: number[] = [];
  for (let i = 0; i < ONE_BY_ONE; i++) {
    const began = performance.now();
    await append('channel/one');
    waits.push(performance.now() - began);
  }

  const began = performance.now();
  await Promise.all(
    Array.from({ length: LOGS }, async (_, log) => {
      for (let i = 0; i < EACH; i++) await append(`channel/many-${log}`);
    }),
  );
  const appendsPerS = (LOGS * EACH * 1_000) / (performance.now() - began);

  const sent = new Map<string, number>();
  for (let i = 0; i < ONE_BY_ONE; i++) {
    sent.set(`key-${count}`, performance.now());
    await append('channel/live');
  }
  while (heard.size < sent.size) await new Promise((resolve) => setTimeout(resolve, 1));
  const delays = [...sent].map(([key, at]) => (heard.get(key) ?? Number.NaN) - at);
  stop();

  for (let i = 0; i < KEPT; i += LOGS) await Promise.all(Array.from({ length: LOGS }, () => append('channel/read')));
  const readAt = performance.now();
  let entries = 0;
  for (let i = 0; i < READS; i++)
    entries += (await follower.read('channel/read' as LogName, 'start', KEPT)).entries.length;
  const readPerS = (entries * 1_000) / (performance.now() - readAt);
  return { name: `${name}, ${says}`, appendMs: median(waits), appendsPerS, liveMs: median(delays), readPerS };
}
