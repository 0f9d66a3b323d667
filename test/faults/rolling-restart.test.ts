import { expect, test } from 'vitest';
import { readSharedMs, type Sighting } from './ledger.ts';
import { rollingRestart } from './scenarios/rolling-restart.ts';
import type { Stage } from './stage.ts';

type Seen = Pick<Sighting, 'type' | 'follower' | 'gateway'>;

const [one, two] = [5001, 5002];

function leave(follower: string, gateway: number): Seen {
  return { type: 'ended', follower, gateway };
}

function come(follower: string, gateway: number): Seen {
  return { type: 'opened', follower, gateway };
}

/** What is found of a restart of two gateways, where this is seen while the first ends. */
async function judge(...seen: readonly Seen[]): Promise<readonly string[]> {
  const sightings: Sighting[] = [];
  const stage = {
    gateways: [{}, {}],
    record: { mark() {} },
    async endGateway() {
      if (sightings.length === 0) for (const what of seen) sightings.push({ ...what, ms: readSharedMs() });
    },
    async startGateway() {},
    async untilLive() {},
  };
  return (await rollingRestart.run(stage as unknown as Stage))?.(sightings) ?? [];
}

test('a screen that moves on once a gateway is no fault', async () => {
  expect(await judge(come('screen', one), leave('screen', one), come('screen', two), leave('screen', two))).toEqual([]);
});

test('a screen that connects more often than gateways were restarted is a fault', async () => {
  const moves = [one, two, one].flatMap((gateway) => [come('screen', gateway), leave('screen', gateway)]);
  expect(await judge(...moves)).toEqual(['restless: screen connected 3 times while 2 gateways were restarted']);
});

test('a screen that is at two gateways at a time is a fault', async () => {
  expect(await judge(come('screen', one), come('screen', two))).toEqual([
    'twofold: screen came to 5002 while it was at 5001',
  ]);
});

test('screens that leave a gateway in one moment are a fault', async () => {
  const crowd = Array.from({ length: 8 }, (_, n) => leave(`screen ${n}`, one));
  expect(await judge(...crowd)).toEqual([
    expect.stringMatching(/^herd: half of 8 screens left a gateway within \d+ ms$/),
  ]);
});
