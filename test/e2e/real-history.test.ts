import { createBroker } from 'message-flow/broker';
import type { LogName, Position } from 'message-flow/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { buildProxyProgram, createProxyUrl, startProxy } from '../proxy/proxy-process.ts';
import { checkHistory } from '../simulation/check-history.ts';
import type { Fact } from '../simulation/history.ts';
import { createSeededRandom } from '../simulation/random.ts';
import { until } from '../support/until.ts';
import { LOGS, openRealBackend, openRealGateway, type RealGateway } from './real-ring.ts';
import { openRealScreen, type RealScreen } from './real-screen.ts';

const LIMIT_MS = 240_000;
const STEP_LIMIT_MS = 30_000;
const SCREENS = 4;
const PUBLISHERS = 3;
/** Each kind comes six times. */
const FAULTS = 60;
/** A fault comes each time that so many more entries are acknowledged. */
const ENTRIES_A_FAULT = 30;
/** A line that stands still goes on so many faults later. */
const FROZEN_FAULTS = 5;

/** A line that can stand still, as when a cable is pulled. */
interface Freezable {
  freeze(): void;
  thaw(): void;
}

buildProxyProgram();

test(
  'a real run of gateways, broker and clients, with cuts, reloads and a gateway replaced, breaks no promise',
  async () => {
    const history = await runReal();
    const { violations, ...sums } = checkHistory(history);
    expect(violations).toEqual([]);
    const { length: sentCount } = history.filter(({ type }) => type === 'invoked');
    expect(sentCount).toBeGreaterThan(FAULTS * ENTRIES_A_FAULT);
    expect(sums).toEqual({ acknowledgedCount: sentCount, deliveredCount: SCREENS * sentCount, gapCount: 0 });
    // It would have been seen: the same history with one delivery less breaks one.
    expect(checkHistory(withoutOneDelivery(history)).violations.map(({ kind }) => kind)).toEqual(['lost']);
  },
  LIMIT_MS,
);

/** Runs it all and gives what happened; every kind of fault comes often. */
async function runReal(): Promise<Fact[]> {
  const history: Fact[] = [];
  const note = (fact: Fact) => void history.push(fact);
  const random = createSeededRandom(1);
  const proxyUrl = createProxyUrl();
  await startProxy(proxyUrl, ['--max-entries', '100000']);
  const broker = createBroker(proxyUrl);
  onTestFinished(() => broker.close());
  // Nothing is dropped in this run, so that each gap is a false one.
  for (const [log, top] of await broker.tops(LOGS)) {
    note({ type: 'kept', ms: 0, log, cause: 'created', after: top, top });
  }

  const gateways = [await openRealGateway(proxyUrl), await openRealGateway(proxyUrl)] as [RealGateway, RealGateway];
  const backend = await openRealBackend(proxyUrl, note);
  const screens: RealScreen[] = [];
  for (let i = 0; i < SCREENS; i++) {
    const { port } = gateways[i % 2] as RealGateway;
    screens.push(await openRealScreen(`screen ${i}`, { flow: backend.url, port, random: random.next, note }));
  }
  const isLive = ({ client }: RealScreen) => client.connection.get().state === 'live';
  await until(() => screens.every(isLive), 'all screens to be live', STEP_LIMIT_MS);

  const closing: Promise<void>[] = [];
  let faultCount = 0;
  const frozen: { readonly line: Freezable; readonly until: number }[] = [];
  function freeze(line: Freezable): void {
    line.freeze();
    frozen.push({ line, until: faultCount + FROZEN_FAULTS });
  }
  function thaw(isAll: boolean): void {
    while (frozen[0] && (isAll || frozen[0].until <= faultCount)) frozen.shift()?.line.thaw();
  }

  const faults: readonly (() => unknown)[] = [
    () => random.pick(screens).line.resetWebSockets(),
    () => random.pick(screens).reload(),
    () => {
      const { line } = random.pick(screens);
      line.lead(random.pick(gateways).port);
      line.resetWebSockets();
    },
    () => random.pick(gateways).line.cut('live'),
    () => random.pick(gateways).line.cut('requests'),
    () => backend.line.cut(),
    () => freeze(random.pick(screens).line),
    () => freeze(random.pick(gateways).line),
    async () => {
      const isUnknown = () => history.slice(from).some(({ type }) => type === 'unknown');
      const from = history.length;
      backend.line.freeze(); // what was sent may be stored, and is said again
      await until(isUnknown, 'a send to be given up', STEP_LIMIT_MS);
      backend.line.thaw();
    },
    async () => {
      const place = random.pick([0, 1] as const);
      const old = gateways[place];
      gateways[place] = await openRealGateway(proxyUrl);
      for (const { line } of screens) line.lead(random.pick(gateways).port);
      closing.push(old.close()); // not waited for: a screen whose line stands still does not hear of it yet
    },
  ];

  const publishing = Array.from({ length: PUBLISHERS }, (_, i) =>
    backend.publish(`publisher ${i}`, () => faultCount === FAULTS),
  );
  while (faultCount < FAULTS) {
    const enough = backend.acknowledgedCount + ENTRIES_A_FAULT;
    thaw(false);
    await (faults[faultCount % faults.length] as () => unknown)();
    await until(() => backend.acknowledgedCount >= enough, 'the publishers to go on', STEP_LIMIT_MS);
    faultCount++;
  }
  thaw(true);
  await Promise.all([...publishing, ...closing]);
  const ends = await broker.tops(LOGS);
  await until(() => screens.every((screen) => isAt(screen, ends)), 'all screens to be at the end', STEP_LIMIT_MS);
  note({ type: 'healed', ms: performance.now() });
  return history;
}

function isAt({ places }: RealScreen, ends: ReadonlyMap<LogName, Position>): boolean {
  return LOGS.every((log) => places.get(log) === ends.get(log));
}

function withoutOneDelivery(history: readonly Fact[]): Fact[] {
  const middle = history.findIndex(({ type }, i) => type === 'delivered' && i > history.length / 2);
  return history.filter((_, i) => i !== middle);
}
