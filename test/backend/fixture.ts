import { decodeJwt } from 'jose';
import { createFlow, type Flow, type FlowEvent, type FlowOptions } from 'message-flow/backend';
import { type Broker, createMemoryBroker } from 'message-flow/broker';
import { channel, contract, type Schema, type } from 'message-flow/contract';
import type { LogName, TokenClaims } from 'message-flow/protocol';
import { z } from 'zod';

export const SECRET = 'a secret of the tests, thirty-two bytes or more';

function fail(): never {
  throw new Error('broken');
}

function brokenSchema(validate: () => never | Promise<never>): Schema<undefined> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

export const app = contract({
  events: {
    'TASK DONE': type<string>(),
    tick: type<undefined>(),
    shipped: z.object({ orderId: z.string(), at: z.coerce.date() }),
    slow: z.string().refine(async (text) => text !== 'wrong'),
    endless: z.string().refine(() => new Promise<boolean>(() => {})),
    broken: brokenSchema(() => fail()),
    'breaks late': brokenSchema(async () => fail()),
    anything: type<unknown>(),
  },
  channels: [
    channel('project/:projectId', { saved: type<{ path: string }>() }),
    channel('team/:teamId/room/:roomId', { said: type<string>() }),
  ],
});

/** A flow of the contract above on a memory broker, with everything it reported. */
export function createTestFlow(options: Partial<FlowOptions> = {}): {
  readonly flow: Flow<typeof app>;
  readonly events: FlowEvent[];
} {
  const events: FlowEvent[] = [];
  const flow = createFlow(app, {
    broker: createMemoryBroker(),
    secret: SECRET,
    authenticate: () => ({ user: 'ada', session: 's1' }),
    onEvent: (event) => events.push(event),
    ...options,
  });
  return { flow, events };
}

/** All that a log keeps: events and data. */
export async function readLog(broker: Broker, log: string): Promise<{ event: string; data: unknown }[]> {
  const { entries } = await broker.read(log as LogName, 'start', 100_000);
  return entries.map(({ event, data }) => ({ event, data: JSON.parse(data) }));
}

/** Asks a flow for a token, as a page does. */
export function askToken(
  flow: Flow<typeof app>,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Response> {
  return flow.handler(
    new Request('http://app.test/flow/token', {
      method: 'POST',
      headers: { host: 'app.test', 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  );
}

/** The route's answer, parsed. */
export interface TokenAnswer {
  readonly token: string;
  readonly user: string;
  readonly at: Record<string, string>;
  readonly refused: string[];
}

export async function readAnswer(response: Response): Promise<TokenAnswer> {
  return (await response.json()) as TokenAnswer;
}

export async function readErrorCode(response: Response): Promise<string> {
  return ((await response.json()) as { error: { code: string } }).error.code;
}

export function readClaims(token: string): TokenClaims {
  return decodeJwt(token) as unknown as TokenClaims;
}

/** Lets everything run that is due without time passing. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
