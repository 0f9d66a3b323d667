import { describe, expect, test } from 'vitest';
import { createLedger } from '../../../examples/observatory/back/ledger.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

describe('a ledger', () => {
  test('of many servers exactly one gets an id, and after a restart none', async () => {
    const folder = await createTemporaryFolder();
    const claims = await Promise.all(Array.from({ length: 20 }, (_, i) => createLedger<number>(folder).claim('x', i)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await createLedger<number>(folder).claim('x', 99)).toBe(false);
  });

  test('what was claimed and not done is found again, with its content', async () => {
    const folder = await createTemporaryFolder();
    const ledger = createLedger<{ title: string }>(folder);
    await ledger.claim('https://example.org/?a=1', { title: 'done' });
    await ledger.claim('../../etc/passwd', { title: 'not done' });
    await ledger.markDone('https://example.org/?a=1');
    expect(await createLedger(folder).findPending()).toEqual([
      { id: '../../etc/passwd', content: { title: 'not done' } },
    ]);
  });

  test('what is done cannot be claimed again, and may be done twice', async () => {
    const ledger = createLedger<null>(await createTemporaryFolder());
    await ledger.claim('x', null);
    await Promise.all([ledger.markDone('x'), ledger.markDone('x')]);
    expect(await ledger.claim('x', null)).toBe(false);
    expect(await ledger.findPending()).toEqual([]);
  });

  test('ids that differ only in case are two', async () => {
    const ledger = createLedger<null>(await createTemporaryFolder());
    expect([await ledger.claim('A', null), await ledger.claim('a', null)]).toEqual([true, true]);
  });

  test('lists all that was claimed, done or not, also by other servers since', async () => {
    const folder = await createTemporaryFolder();
    const ledger = createLedger<string>(folder);
    await ledger.claim('a', 'first');
    await ledger.markDone('a');
    expect(await ledger.list()).toEqual(['first']);
    await createLedger<string>(folder).claim('b', 'second');
    expect((await ledger.list()).sort()).toEqual(['first', 'second']);
  });
});
