import { type Client, createClient, type Fetch } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import type { observatory } from '../shared/contract.ts';
import { plan } from '../shared/plan.ts';

/** The page's one connection, typed by the contract. */
export type ObservatoryClient = Client<typeof observatory>;

/** Creates the client; it connects once someone listens. `fetch` is how it asks the server. */
export function createObservatoryClient(fetch: Fetch): ObservatoryClient {
  return createClient<typeof observatory>({ url: '/websocket', flow: '/flow', fetch, use: [stores([plan])] });
}
