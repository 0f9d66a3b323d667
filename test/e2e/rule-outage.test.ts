import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFlow, toNodeHandler } from 'message-flow/backend';
import { type Client, createClient } from 'message-flow/client';
import { channel, contract, type } from 'message-flow/contract';
import { serveGateway } from 'message-flow/gateway';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { type CutProxy, openCutProxy } from '../support/cut-proxy.ts';
import { until } from '../support/until.ts';

const LIMIT_MS = 30_000;
const P1 = { projectId: 'p1' };
const app = contract({ events: {}, channels: [channel('project/:projectId', { saved: type<number>() })] });

/** A page that follows a channel, and a backend whose rule can be made to fail. */
interface Story {
  readonly client: Client<typeof app>;
  readonly proxy: CutProxy;
  /** While true the rule throws. */
  isBroken: boolean;
  /** How often the rule was asked, and how often it threw. */
  askedCount: number;
  thrownCount: number;
  /** What was delivered, and all that no page should hear. */
  readonly saved: number[];
  readonly complaints: string[];
  /** Sends the next number. */
  send(): Promise<void>;
  readonly sentCount: number;
}

async function begin(): Promise<Story> {
  let sentCount = 0;
  const flow = createFlow(app, {
    broker: 'memory:',
    development: true,
    tokenLifetimeMs: 2_000, // so that it is renewed after one second
    authenticate: () => ({ user: 'ada' }),
  });
  flow.allow('project/:projectId', async () => {
    story.askedCount++;
    if (!story.isBroken) return true;
    story.thrownCount++;
    throw new Error('the database is away');
  });
  const handle = toNodeHandler(flow.handler);
  const server = createServer((request, response) => void handle(request, response));
  const gateway = serveGateway(server, { broker: flow.broker, development: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    await gateway.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await flow.close();
  });
  const proxy = await openCutProxy((server.address() as AddressInfo).port);
  const client = createClient<typeof app>({
    url: `${proxy.url}/websocket`,
    flow: `${proxy.url}/flow`,
    WebSocket,
    random: () => 0.05, // waits of 0.1 s, 0.2 s, 0.4 s …
  });
  onTestFinished(() => client.close());
  const story: Story = {
    client,
    proxy,
    isBroken: false,
    askedCount: 0,
    thrownCount: 0,
    saved: [],
    complaints: [],
    async send() {
      await flow.channel('project/:projectId', P1).send('saved', ++sentCount);
    },
    get sentCount() {
      return sentCount;
    },
  };
  client.channel('project/:projectId', P1).on('saved', (n) => story.saved.push(n));
  client.onRefused(({ log, reason }) => story.complaints.push(`${log} ${reason}`));
  client.onGap(({ log, reason }) => story.complaints.push(`${log} ${reason}`));
  await untilLive(story);
  return story;
}

function untilLive({ client }: Story): Promise<unknown> {
  return until(() => client.connection.get().authenticated, 'the page to be authenticated', LIMIT_MS);
}

/** Sends on while the rule throws this often. */
async function sitOut(story: Story, throwCount: number): Promise<void> {
  const most = story.thrownCount + throwCount;
  while (story.thrownCount < most) {
    const before = story.thrownCount;
    await story.send();
    await until(() => story.thrownCount > before, 'the rule to be asked again', LIMIT_MS);
  }
}

/** Waits until a token was issued again, and what is sent from then on has come. */
async function recover(story: Story): Promise<void> {
  const before = story.askedCount;
  story.isBroken = false;
  await until(() => story.askedCount > before + 1, 'tokens to be renewed once more', LIMIT_MS);
  await untilLive(story);
  await story.send();
  await until(() => story.saved.at(-1) === story.sentCount, 'the last that was sent', LIMIT_MS);
}

function numbersUpTo(last: number): number[] {
  return Array.from({ length: last }, (_, i) => i + 1);
}

test(
  'a rule that throws while tokens are renewed costs the channel nothing',
  async () => {
    const story = await begin();
    const states = new Set<string>();
    story.client.connection.subscribe(({ state }) => states.add(state));
    await story.send();
    story.isBroken = true;
    await sitOut(story, 4);
    await recover(story);
    expect(story.saved).toEqual(numbersUpTo(story.sentCount));
    expect(story.complaints).toEqual([]);
    expect([...states].filter((state) => state !== 'live')).toEqual([]);
  },
  LIMIT_MS * 2,
);

test(
  'a connection that is lost while a rule throws goes on from its position once the rule answers',
  async () => {
    const story = await begin();
    await story.send();
    story.isBroken = true;
    await sitOut(story, 1);
    story.proxy.resetWebSockets();
    await until(() => !story.client.connection.get().connected, 'the page to see it', LIMIT_MS);
    await sitOut(story, 3);
    await recover(story);
    expect(story.saved).toEqual(numbersUpTo(story.sentCount));
    expect(story.complaints).toEqual([]);
  },
  LIMIT_MS * 2,
);
