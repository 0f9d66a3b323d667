import type { Client } from 'message-flow/client';
import type { ClientStore, Dispatched } from 'message-flow/client/stores';
import { describe, expect, test } from 'vitest';
import { createSeededRandom, type SeededRandom } from '../../simulation/random.ts';
import { type app, createWorld, type Faults, type list, NO_FAULTS, type World } from './world.ts';

const SEEDS = 40;
const CLIENTS = 4;
const STEPS = 25;

interface Screen {
  readonly client: Client<typeof app>;
  readonly store: ClientStore<typeof list>;
  /** What it did, and what became of it. */
  readonly done: Map<string, Dispatched | undefined>;
  /** What it did and did not show at some time; right only for what was refused in that moment. */
  readonly gone: Set<string>;
}

/** What a screen must never show: an own action twice, one that came and went, a version that goes back. */
function watch(screen: Screen, complaints: string[]): void {
  let latest = 0;
  screen.store.subscribe(() => {
    const { state, sync } = screen.store.get();
    if (sync.version !== undefined && sync.version < latest) complaints.push(`version ${sync.version} after ${latest}`);
    latest = sync.version ?? latest;
    if (!state) return;
    for (const [text, outcome] of screen.done) {
      const count = state.texts.filter((other) => other === text).length;
      if (count > 1) complaints.push(`"${text}" is shown ${count} times`);
      if (count < 1 && !outcome?.refused) screen.gone.add(text);
    }
  });
}

function openScreen(world: World, complaints: string[]): Screen {
  const client = world.openClient();
  const screen: Screen = { client, store: client.store('list', {}), done: new Map(), gone: new Set() };
  watch(screen, complaints);
  return screen;
}

function act(screen: Screen, text: string): void {
  screen.done.set(text, undefined);
  void screen.store.dispatch('add', text).then((outcome) => screen.done.set(text, outcome));
}

function drawFaults(random: SeededRandom, mayCrash: boolean): Faults {
  const draw = () => (random.chance(0.6) ? random.next() * 0.3 : 0);
  return {
    lostRequest: draw(),
    lostAnswer: draw(),
    doubled: draw(),
    crash: mayCrash ? draw() / 2 : 0,
    failedLoad: draw(),
    failedAppend: draw(),
    delayMs: random.pick([0, 10, 100, 1_000]),
  };
}

/** Runs one seed; gives what was wrong with it. */
async function run(seed: number): Promise<string[]> {
  const random = createSeededRandom(seed);
  const world = createWorld(random);
  /** Without one, nothing need be done for all to be equal. */
  const mayCrash = seed % 2 === 0;
  const complaints: string[] = [];
  const screens = Array.from({ length: CLIENTS }, () => openScreen(world, complaints));
  world.faults = drawFaults(random, mayCrash);
  let count = 0;
  for (let step = 0; step < STEPS; step++) {
    const screen = random.pick(screens);
    const what = random.next();
    if (what < 0.7) {
      const most = random.chance(0.1) ? 60 : 4; // more than a state remembers
      for (let i = random.between(1, most); i > 0; i--) act(screen, `t${count++}`);
    } else if (what < 0.8) world.cut();
    else if (what < 0.85) await world.tellGap();
    else if (what < 0.9) {
      // Something else than an action, as an import into the database.
      const { state, version, recent } = world.row ?? { state: { texts: [] }, version: 0 };
      world.row = { state: { texts: [...state.texts, `import ${step}`] }, version: version + 1, recent };
      void world.flows[0]?.store('list').changed({});
    } else if (what < 0.95) world.faults = drawFaults(random, mayCrash);
    else {
      screen.client.close(); // a page that is left, and opened anew: what it did may be applied, or not
      screens.splice(screens.indexOf(screen), 1);
      screens.push(openScreen(world, complaints));
    }
    await world.pass(random.pick([20, 20, 200, 1_500]));
  }
  world.faults = NO_FAULTS;
  await world.pass(90_000, 500);
  if (!mayCrash) complaints.push(...judge(world, screens));
  act(screens[0] as Screen, 'last'); // the next change
  await world.pass(20_000, 500);
  return [...complaints, ...judge(world, screens)].slice(0, 5);
}

function judge({ row }: World, screens: readonly Screen[]): string[] {
  if (!row) return ['the row is gone'];
  const wrong: string[] = [];
  const texts = row.state.texts;
  if (new Set(texts).size < texts.length)
    wrong.push(`applied twice: ${texts.filter((text, i) => texts.indexOf(text) < i)}`);
  for (const [i, { store, done, gone }] of screens.entries()) {
    const { state, sync } = store.get();
    if (JSON.stringify(state) !== JSON.stringify(row.state))
      wrong.push(`screen ${i} shows ${state?.texts}, not ${texts}`);
    if (sync.pending > 0 || sync.stale || sync.version !== row.version)
      wrong.push(`screen ${i} is ${JSON.stringify(sync)}`);
    for (const [text, outcome] of done) {
      if (!outcome) wrong.push(`"${text}" was never answered`);
      else if (outcome.refused && !['forgotten', 'overloaded'].includes(outcome.refused.code))
        wrong.push(`"${text}": ${outcome.refused.code}`);
      else if (!outcome.refused && !texts.includes(text)) wrong.push(`"${text}" is lost`);
      else if (!outcome.refused && gone.has(text)) wrong.push(`"${text}" came and went`);
    }
  }
  return wrong;
}

describe('two web servers, four screens, and a network and servers that fail', () => {
  test(`end equal, nothing lost, doubled or flickering, in ${SEEDS} runs`, { timeout: 120_000 }, async () => {
    const found: Record<number, string[]> = {};
    for (let seed = 1; seed <= SEEDS; seed++) {
      const wrong = await run(seed);
      if (wrong.length > 0) found[seed] = wrong;
    }
    expect(found).toEqual({});
  });
});
