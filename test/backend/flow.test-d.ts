import { type Audience, createFlow, type Sent, toNodeHandler } from 'message-flow/backend';
import { channel, contract, type } from 'message-flow/contract';
import { z } from 'zod';

// Compiled, never run: each line below an expected error must not compile.

const app = contract({
  events: {
    'TASK DONE': type<string>(),
    tick: type<undefined>(),
    maybe: type<{ n: number } | undefined>(),
    shipped: z.object({ orderId: z.string(), count: z.coerce.number<string>() }),
  },
  channels: [
    channel('project/:projectId', { saved: type<{ path: string }>() }),
    channel('team/:teamId/room/:roomId', { said: type<string>() }),
    channel('lobby', { opened: type<undefined>() }),
  ],
});
const flow = createFlow(app, {
  broker: 'memory:',
  secret: process.env.SECRET,
  authenticate: async () => ({ user: 'ada' }),
});

const sent: Promise<Sent> = flow.user('ada').send('TASK DONE', 'text', { key: 'k' });
void sent;
flow.everyone.send('tick');
flow.everyone.send('tick', undefined, { key: 'k' });
flow.everyone.send('maybe');
flow.everyone.send('maybe', { n: 1 });
// A schema's input is sent, not its output.
flow.everyone.send('shipped', { orderId: 'o', count: '1' });
flow.channel('project/:projectId', { projectId: 'p' }).send('saved', { path: 'a' });
flow.channel('team/:teamId/room/:roomId', { teamId: 't', roomId: 'r' }).send('said', 'hello');
flow.channel('lobby', {}).send('opened');
flow.allow(
  'team/:teamId/room/:roomId',
  ({ user, session }, { teamId, roomId }) => user === teamId && session === roomId,
);
flow.allow('lobby', async () => true);
void flow.revoke({ session: 's' });
const audience: Audience<(typeof app)['events']> = flow.everyone;
void audience;

// @ts-expect-error: the event is misspelt
flow.everyone.send('TASK DOEN', 'text');
// @ts-expect-error: the payload is of another type
flow.everyone.send('TASK DONE', 7);
// @ts-expect-error: the payload is missing
flow.everyone.send('TASK DONE');
// @ts-expect-error: a field is misspelt
flow.everyone.send('shipped', { orderID: 'o', count: '1' });
// @ts-expect-error: the schema's input is a string, its output a number
flow.everyone.send('shipped', { orderId: 'o', count: 1 });
// @ts-expect-error: the key is not a string
flow.everyone.send('TASK DONE', 'text', { key: 7 });
// @ts-expect-error: an event of a channel is not said to a user
flow.user('ada').send('saved', { path: 'a' });
// @ts-expect-error: an event of another channel
flow.channel('project/:projectId', { projectId: 'p' }).send('said', 'hello');
// @ts-expect-error: the pattern is unknown
flow.channel('projects/:projectId', { projectId: 'p' });
// @ts-expect-error: a parameter is missing
flow.channel('team/:teamId/room/:roomId', { teamId: 't' });
// @ts-expect-error: a parameter too many
flow.channel('project/:projectId', { projectId: 'p', roomId: 'r' });
// @ts-expect-error: a parameter is not a string
flow.channel('project/:projectId', { projectId: 7 });
// @ts-expect-error: the pattern is unknown
flow.allow('projects/:projectId', () => true);
// @ts-expect-error: the rule asks for a parameter that the pattern has not
flow.allow('project/:projectId', (_, { roomId }) => roomId === 'r');
// @ts-expect-error: a rule says true or false
flow.allow('project/:projectId', () => 'yes');
// @ts-expect-error: an id of the protocol
contract({ events: { GAP: type<string>() } });
// @ts-expect-error: an id of the protocol, in a channel
channel('project/:projectId', { 'AUTH OK': type<string>() });
// @ts-expect-error: a user's id is a string
createFlow(app, { broker: 'memory:', authenticate: () => ({ user: 7 }) });
// @ts-expect-error: somebody must say who asks
createFlow(app, { broker: 'memory:' });
// @ts-expect-error: a revocation has a target
void flow.revoke({});
// @ts-expect-error: a handler says which paths are its own
toNodeHandler(async () => new Response());
