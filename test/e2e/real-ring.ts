import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFlow, type FlowError, toNodeHandler } from 'message-flow/backend';
import { createBroker } from 'message-flow/broker';
import { serveGateway } from 'message-flow/gateway';
import type { LogName } from 'message-flow/protocol';
import { onTestFinished } from 'vitest';
import { app, audienceOf, logsOf } from '../faults/fault-app.ts';
import { type CutLine, openCutLine } from '../proxy/cut-line.ts';
import type { Fact } from '../simulation/history.ts';

const USER = 'ada';

/** All logs of a run; every screen follows each of them. */
export const LOGS: readonly LogName[] = logsOf(USER);

/** How long a publisher waits before it says again what was not answered, in milliseconds. */
const SEND_TIMEOUT_MS = 500;
/** Between two sends of a publisher, in milliseconds: a run has to last for some seconds, so that faults meet it. */
const BEAT_MS = 5;

/** A backend that signs tokens, and publishers at the end of a line to the message proxy that can be cut. */
export interface RealBackend {
  /** Where clients ask for tokens. */
  readonly url: string;
  readonly line: CutLine;
  readonly acknowledgedCount: number;
  /** Sends to all logs in turn until it is over, each entry until it is acknowledged, and notes what becomes of each. */
  publish(name: string, isOver: () => boolean): Promise<void>;
}

/** Opens a backend; it closes with the test. */
export async function openRealBackend(proxyUrl: string, note: (fact: Fact) => void): Promise<RealBackend> {
  const line = await openLine(proxyUrl);
  const options = { development: true, authenticate: () => ({ user: USER }) };
  const publisher = createFlow(app, { ...options, broker: line.url, sendTimeoutMs: SEND_TIMEOUT_MS });
  // Tokens come by a line of their own: a screen that can get none has another test.
  const flow = createFlow(app, { ...options, broker: proxyUrl });
  flow.allow('room/:roomId', () => true);
  const handle = toNodeHandler(flow.handler);
  const server = createServer((request, response) => void handle(request, response));
  const port = await listen(server);
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await Promise.all([publisher.close(), flow.close()]);
  });
  let acknowledgedCount = 0;

  async function sendUntilAcknowledged(log: LogName, key: string): Promise<void> {
    const fact = { log, key };
    note({ type: 'invoked', ms: performance.now(), ...fact });
    for (;;) {
      try {
        const { at } = await audienceOf(publisher, log).send('said', { key, filler: '' }, { key });
        note({ type: 'acknowledged', ms: performance.now(), ...fact, at });
        acknowledgedCount++;
        return;
      } catch (error) {
        if ((error as FlowError).code === 'closed') return; // the test has failed meanwhile, and ends
        note({ type: 'unknown', ms: performance.now(), ...fact });
      }
    }
  }

  return {
    url: `http://127.0.0.1:${port}/flow`,
    line,
    get acknowledgedCount() {
      return acknowledgedCount;
    },
    async publish(name, isOver) {
      for (let i = 0; !isOver(); i++) {
        await sendUntilAcknowledged(LOGS[i % LOGS.length] as LogName, `${name}-${i}`);
        await new Promise((resolve) => setTimeout(resolve, BEAT_MS));
      }
    },
  };
}

/** A gateway at the end of a line to the message proxy that can be cut. */
export interface RealGateway {
  readonly port: number;
  readonly line: CutLine;
  /** Ends it: who is on it is told to go. */
  close(): Promise<void>;
}

/** Opens a gateway; it closes with the test, if not before. */
export async function openRealGateway(proxyUrl: string): Promise<RealGateway> {
  const line = await openLine(proxyUrl);
  const broker = createBroker(line.url);
  const server = createServer();
  const gateway = serveGateway(server, { broker, development: true });
  const port = await listen(server);
  let closed: Promise<void> | undefined;
  async function end(): Promise<void> {
    await gateway.close();
    await new Promise((resolve) => server.close(resolve));
    await broker.close();
  }
  const close = () => {
    closed ??= end();
    return closed;
  };
  onTestFinished(close);
  return { port, line, close };
}

async function openLine(proxyUrl: string): Promise<CutLine> {
  const line = await openCutLine(proxyUrl);
  onTestFinished(() => line.close());
  return line;
}

async function listen(server: ReturnType<typeof createServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
