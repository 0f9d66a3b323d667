/** What a delivery costs a gateway's processor. Control: `ws`, which serializes a message once and writes it to each socket. */
import { type Kind, startParties } from './parties.ts';
import { median, type Row } from './table.ts';

const FOLLOWERS = 500;
const ROUNDS = 3;

interface Load {
  readonly what: string;
  readonly to: 'everyone' | 'each';
  readonly perTurn: number;
  readonly turns: number;
}

const LOADS: readonly Load[] = [
  { what: 'to everyone, 1 message a turn', to: 'everyone', perTurn: 1, turns: 200 },
  { what: 'to everyone, 4 messages a turn', to: 'everyone', perTurn: 4, turns: 100 },
  { what: 'to everyone, 16 messages a turn', to: 'everyone', perTurn: 16, turns: 50 },
  { what: 'each user their own message', to: 'each', perTurn: 1, turns: 100 },
];

export async function measureFanOut(): Promise<Row[]> {
  const [own, control] = [await measure('gateway'), await measure('control')];
  return LOADS.map(({ what }, i) => ({ what, unit: 'µs', value: own[i] ?? 0, control: control[i] ?? 0 }));
}

/** Microseconds a delivery, for each load: the median of the rounds. */
async function measure(kind: Kind): Promise<number[]> {
  const parties = await startParties(kind);
  let expected = 0;
  const run = async ({ to, perTurn, turns }: Load) => {
    const deliveries = FOLLOWERS * perTurn * turns;
    const before = await parties.order({ type: 'measure' });
    await parties.order({ type: 'say', to, users: FOLLOWERS, perTurn, turns });
    expected += deliveries;
    await parties.untilHeard(expected);
    const after = await parties.order({ type: 'measure' });
    return (after.cpuUs - before.cpuUs) / deliveries;
  };
  try {
    await parties.open(FOLLOWERS);
    for (const load of LOADS) await run({ ...load, turns: 20 }); // compiled first
    const costs: number[] = [];
    for (const load of LOADS) {
      const rounds: number[] = [];
      for (let i = 0; i < ROUNDS; i++) rounds.push(await run(load));
      costs.push(median(rounds));
    }
    return costs;
  } finally {
    await parties.close();
  }
}
