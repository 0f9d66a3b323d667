import { rmSync } from 'node:fs';
import { type Broker, createBroker } from 'message-flow/broker';
import { conformance } from 'message-flow/broker/conformance';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { type CutLine, openCutLine } from './cut-line.ts';
import { buildProxyProgram, createSocketFolder, openProxy, type ProxyProcess } from './proxy-process.ts';

/** Longer than any kind of log keeps its entries. */
const ALL_GO_MS = 26 * 3_600_000;
const PATIENCE_MS = 30_000;

describe('a broker at a message proxy', () => {
  buildProxyProgram();
  let folder: string;
  let url: string;
  const lines = new Map<Broker, CutLine>();
  let proxy: ProxyProcess;

  beforeAll(async () => {
    folder = createSocketFolder();
    url = `zeromq+ipc://${folder}`;
    proxy = await openProxy(url);
  });

  afterAll(async () => {
    for (const line of lines.values()) await line.close();
    await proxy.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Each on a line of its own, so that a cut hits one. */
  async function openBroker(): Promise<Broker> {
    const line = await openCutLine(url);
    const broker = createBroker(line.url);
    lines.set(broker, line);
    return broker;
  }

  const faults = {
    cutLive: (broker: Broker) => lines.get(broker)?.cut('live'),
    trim: () => proxy.turnClock(ALL_GO_MS),
    async reset(broker: Broker) {
      await proxy.kill();
      proxy = await openProxy(url);
      return broker;
    },
  };

  for (const { name, run } of conformance(openBroker, faults, { patienceMs: PATIENCE_MS })) {
    test(name, run, 4 * PATIENCE_MS);
  }
});
