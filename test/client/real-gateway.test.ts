import { type Client, type ClientOptions, createClient } from 'message-flow/client';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { buildRingProgram, type RingProcess, startRing } from '../support/ring-process.ts';
import type { app } from '../support/ring-program.ts';
import { until } from '../support/until.ts';

const LIMIT_MS = 60_000;
/** Node 20 has no WebSocket; Bun's own is what a client finds there by itself. */
const RUNTIME: Pick<ClientOptions, 'WebSocket'> = 'Bun' in globalThis ? {} : { WebSocket };

buildRingProgram();

interface Screen {
  readonly ring: RingProcess;
  readonly client: Client<typeof app>;
  /** What the handlers were given, in order. */
  readonly seen: string[];
}

/** A live client at a gateway of its own, that listens to its user and a channel. */
async function openScreen(): Promise<Screen> {
  const ring = await startRing();
  const client = createClient<typeof app>({
    url: `ws://127.0.0.1:${ring.port}/websocket`,
    flow: `http://127.0.0.1:${ring.port}/flow`,
    random: () => 0,
    ...RUNTIME,
  });
  onTestFinished(() => client.close());
  const seen: string[] = [];
  client.on('TASK DONE', (text, { replayed }) => seen.push(replayed ? `${text}, replayed` : text));
  client.channel('project/:projectId', { projectId: 'p1' }).on('file/saved', ({ path }) => seen.push(path));
  client.onGap(({ log, reason }) => seen.push(`gap ${reason} in ${log}`));
  await untilState(client, 'live');
  return { ring, client, seen };
}

function untilState({ connection }: Client<typeof app>, state: string): Promise<unknown> {
  return until(() => connection.get().state === state && connection.get(), `the state ${state}`, LIMIT_MS);
}

test(
  'a client hears a real gateway: what is sent to its user and to its channel',
  async () => {
    const { ring, client, seen } = await openScreen();
    expect(client.connection.get()).toMatchObject({ connected: true, authenticated: true, user: 'ada' });
    await ring.send('one');
    await ring.save('a.md');
    await until(() => seen.length === 2, 'both', LIMIT_MS);
    expect([...seen].sort()).toEqual(['a.md', 'one']);
  },
  LIMIT_MS,
);

test(
  'a client whose connection to a real gateway is reset goes on where it was',
  async () => {
    const { ring, client, seen } = await openScreen();
    await ring.send('one');
    await until(() => seen.length === 1, 'the first', LIMIT_MS);
    await ring.cutAndSend('two');
    await until(() => seen.length === 2, 'the second', LIMIT_MS);
    await untilState(client, 'live');
    await ring.send('three');
    await until(() => seen.length === 3, 'the third', LIMIT_MS);
    expect(seen).toEqual(['one', 'two, replayed', 'three']);
  },
  LIMIT_MS,
);

test(
  'a client whose user a real gateway signs out says so, by the close code, and tries no more',
  async () => {
    const { ring, client } = await openScreen();
    await ring.revoke();
    await untilState(client, 'signed-out');
    expect(client.connection.get()).toMatchObject({ connected: false, reason: 'signed-out', user: undefined });
  },
  LIMIT_MS,
);
