import type { Broker } from 'message-flow/broker';
import { type BrokerFaults, conformance } from 'message-flow/broker/conformance';
import { beforeAll, describe, expect, test } from 'vitest';
import { createMemoryHarness } from './memory-harness.ts';
import { SABOTAGE, type Sabotage } from './sabotage.ts';
import { createSparseServer } from './sparse-server.ts';

describe('the suite passes a broker that uses every freedom of the contract', () => {
  const { connect, faults } = createSparseServer();
  for (const { name, run } of conformance(connect, faults, { patienceMs: 20_000 })) test(name, run);
});

describe('the suite finds out a broker that', () => {
  const failures = new Map<string, readonly string[]>();

  beforeAll(async () => {
    for (const [fault, { spoil }] of Object.entries(SABOTAGE)) failures.set(fault, await failuresOf(spoil));
  }, 300_000);

  test.each(Object.entries(SABOTAGE))('%s', (fault, { found }) => {
    expect(failures.get(fault)).toContain(found);
  });

  test('and has no claim that no fault breaks', () => {
    const { createBroker, faults } = createMemoryHarness();
    const names = conformance(createBroker, faults).map(({ name }) => name);
    const broken = new Set([...failures.values()].flat());
    expect(names.filter((name) => !broken.has(name))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(60);
  });

  test('but finds nothing against one that is wrapped and does nothing wrong', async () => {
    expect(await failuresOf(() => ({}))).toEqual([]);
  });

  test('loses what comes while its live path is cut, and does not say so', async () => {
    const { connect, faults } = createSparseServer({ saysInterrupted: false });
    const claim = conformance(connect, faults, { patienceMs: 50 }).find(({ name }) =>
      name.startsWith('after the live path'),
    );
    await expect(claim?.run()).rejects.toThrow('Waited 50 ms in vain');
  });
});

/** The claims that do not hold of a memory broker with this fault. */
async function failuresOf(spoil: Sabotage): Promise<string[]> {
  const { createBroker, faults } = createMemoryHarness();
  const sound = new WeakMap<Broker, Broker>();
  const createSpoiled = () => {
    const broker = createBroker();
    const spoiled = { ...broker, ...spoil(broker) };
    sound.set(spoiled, broker);
    return spoiled;
  };
  const spoiledFaults: BrokerFaults = {
    trim: (broker, log) => faults.trim(sound.get(broker) as Broker, log),
    reset: createSpoiled,
  };
  const claims = conformance(createSpoiled, spoiledFaults, { patienceMs: 50 });
  const failed = await Promise.all(
    claims.map(({ name, run }) =>
      run().then(
        () => [],
        () => [name],
      ),
    ),
  );
  return failed.flat();
}
