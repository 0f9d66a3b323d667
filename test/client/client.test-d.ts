import { type Client, type ClientOptions, createClient } from 'message-flow/client';
import { oldServer } from 'message-flow/client/old-server';
import type { Stop } from 'message-flow/protocol';
import { expectTypeOf } from 'vitest';
import { WebSocket as NodeWebSocket } from 'ws';
import type { app } from './app.ts';

declare const client: Client<typeof app>;

// Payloads are what arrives: JSON.
client.on('TASK DONE', (text, entry) => {
  expectTypeOf(text).toEqualTypeOf<string>();
  expectTypeOf(entry.replayed).toEqualTypeOf<boolean>();
});
client.on('notice', (notice) => {
  expectTypeOf(notice).toEqualTypeOf<{ text: string; since: string }>();
});
expectTypeOf(client.on('notice', async () => {})).toEqualTypeOf<Stop>();

// @ts-expect-error a misspelt event
client.on('TASK DON', () => {});
// @ts-expect-error a channel's event is not an app's
client.on('file/saved', () => {});
// @ts-expect-error a wrong payload
client.on('TASK DONE', (text: number) => text);

// Channels
const project = client.channel('project/:projectId', { projectId: 'p1' });
project.on('file/saved', ({ path }) => {
  expectTypeOf(path).toEqualTypeOf<string>();
});
client.channel('news', {}).on('flash', (number) => {
  expectTypeOf(number).toEqualTypeOf<number>();
});

// @ts-expect-error an unknown pattern
client.channel('project/:id', { id: 'p1' });
// @ts-expect-error a missing parameter
client.channel('project/:projectId', {});
// @ts-expect-error a misspelt parameter
client.channel('project/:projectId', { projectID: 'p1' });
// @ts-expect-error a parameter that is no string
client.channel('project/:projectId', { projectId: 7 });
// @ts-expect-error another channel's event
project.on('flash', () => {});
// @ts-expect-error an app's event
project.on('TASK DONE', () => {});

client.onGap(({ reason }) => {
  expectTypeOf(reason).toEqualTypeOf<'trimmed' | 'reset'>();
});
client.onRefused(({ reason }) => {
  expectTypeOf(reason).toEqualTypeOf<'refused' | 'revoked' | 'too-many-logs'>();
});
client.connection.subscribe(({ state, user }) => {
  expectTypeOf(state).toEqualTypeOf<'connecting' | 'live' | 'resuming' | 'offline' | 'signed-out'>();
  expectTypeOf(user).toEqualTypeOf<string | undefined>();
});

// Options take what browsers and the package `ws` have, as they are.
createClient<typeof app>({ url: 'wss://example.org', WebSocket: NodeWebSocket });
createClient<typeof app>({
  url: '/websocket',
  WebSocket,
  fetch,
  page: window,
  storage: sessionStorage,
  random: Math.random,
});
createClient<typeof app>({ url: '/websocket', page: null, storage: null });
expectTypeOf<{ url: string }>().toExtend<ClientOptions>();

// @ts-expect-error no address
createClient<typeof app>({});

// An old server changes nothing in the types.
const old = createClient<typeof app>({ url: '/websocket', use: [oldServer('2016', { tokenUrl: '/token' })] });
expectTypeOf(old).toEqualTypeOf<Client<typeof app>>();
// @ts-expect-error a dialect that nobody speaks
oldServer('2015');
