import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRing } from 'message-flow/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { app } from './contract.ts';
import { setRules } from './rules.ts';

const TEA = { team: 'tea' };
let folder: string;
let ring = createRing(app);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'boards-'));
  ring = createRing(app);
  setRules(ring.flow, folder);
});
afterEach(async () => {
  await ring.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page of the user that follows the board. */
function openBoard(user: string) {
  const store = ring.page(user).client.store('board/:team', TEA);
  store.subscribe(() => {});
  return { store, titles: () => Object.values(store.get().state?.cards ?? {}).map(({ title }) => title) };
}

test('a card shows at once, and then to the others', async () => {
  const [ada, bob] = [openBoard('ada'), openBoard('bob')];
  await ring.settle();
  void ada.store.dispatch('add', { id: '1', title: 'Buy tea' });
  expect([ada.titles(), bob.titles()]).toEqual([['Buy tea'], []]);
  await ring.settle();
  expect(bob.titles()).toEqual(['Buy tea']);
});

test('who is not of the team sees nothing', async () => {
  const eve = openBoard('eve');
  await ring.settle();
  expect(eve.store.get().sync.fault).toBe('not-allowed');
});
