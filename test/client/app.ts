import { type Client, type ClientOptions, createClient } from 'message-flow/client';
import { channel, contract, type } from 'message-flow/contract';
import { onTestFinished } from 'vitest';
import type { Wire } from './wire.ts';

export const app = contract({
  events: { 'TASK DONE': type<string>(), notice: type<{ text: string; since: Date }>() },
  channels: [
    channel('project/:projectId', { 'file/saved': type<{ path: string }>() }),
    channel('news', { flash: type<number>() }),
  ],
});

/** A client of the app above, closed when its test ends. */
export function openClient(wire: Wire, options: Partial<ClientOptions> = {}): Client<typeof app> {
  const client = createClient<typeof app>({ ...wire.options, ...options });
  onTestFinished(() => client.close());
  return client;
}
