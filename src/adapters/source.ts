import type { Client, ClientChannel, Connection, Gap } from '../client/index.ts';
import type { Contract, Events } from '../contract/index.ts';
import type { Stop } from '../protocol/index.ts';

/** Whose events are taken. */
export interface Source<A extends Contract, E extends Events> {
  readonly client: Client<A>;
  /** @default what is sent to the user and to everyone */
  readonly channel?: ClientChannel<E>;
}

/** Takes the events of a source that have a handler, and its gaps, in their order. `call` is given the handler. */
export function takeFrom<A extends Contract, E extends Events, H>(
  { client, channel, events }: Source<A, E> & { readonly events: object },
  call: (handler: H, payload: unknown) => unknown,
  onGap: (gap: Gap) => unknown,
): Stop {
  const source = (channel ?? client) as unknown as ClientChannel<Events>;
  const stops = [
    ...Object.entries(events).map(([name, handler]) => source.on(name, (payload) => call(handler, payload))),
    client.onGap((gap) => (channel ? gap.log === channel.log : /^(everyone|user)/.test(gap.log)) && onGap(gap)),
  ];
  if (client.connection.get().reason === 'idle') client.connect();
  return () => {
    for (const stop of stops) stop();
  };
}

/** Calls back once the connection is live: now, or the first time. */
export function whenLive({ get, subscribe }: Connection, onLive: () => void): Stop {
  const stop = subscribe(look);
  function look(): void {
    if (get().state !== 'live') return;
    stop();
    onLive();
  }
  look();
  return stop;
}
