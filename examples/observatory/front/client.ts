import { type Client, createClient } from 'message-flow/client';
import type { observatory } from '../shared/contract.ts';

/** The page's one connection, typed by the contract. */
export type ObservatoryClient = Client<typeof observatory>;

/** Creates the client; it connects once someone listens. */
export function createObservatoryClient(): ObservatoryClient {
  return createClient<typeof observatory>({ url: '/websocket', flow: '/flow' });
}
