import type { Client } from 'message-flow/client';
import { channel, contract, type } from 'message-flow/contract';
import { createRing, type Ring, type RingOptions } from 'message-flow/testing';
import { onTestFinished } from 'vitest';

export const app = contract({
  events: { said: type<number>(), notice: type<string>() },
  channels: [channel('room/:roomId', { knock: type<string>() })],
});

/** Opens a ring that ends with its test. */
export function openRing(options?: RingOptions): Ring<typeof app> {
  const ring = createRing(app, options);
  onTestFinished(() => ring.close());
  return ring;
}

/** A page's script that writes down, in short, what its user is told: `said 1`, `gap trimmed user/ada`. */
export function noteInto(story: string[]): (client: Client<typeof app>) => void {
  return (client) => {
    client.on('said', (n) => story.push(`said ${n}`));
    client.onGap(({ log, reason }) => story.push(`gap ${reason} ${log}`));
  };
}

/** Sends `said` with each number from `first` to `last` to a user. */
export async function say(ring: Ring<typeof app>, user: string, first: number, last = first): Promise<void> {
  for (let n = first; n <= last; n++) await ring.flow.user(user).send('said', n);
}
