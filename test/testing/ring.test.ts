import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { StoredState } from 'message-flow/backend';
import { contract, store, type } from 'message-flow/contract';
import { createRing } from 'message-flow/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { app, noteInto, openRing, say } from './open-ring.ts';

describe('a ring', () => {
  test('brings what is sent to the page, once something is waited for', async () => {
    const ring = openRing();
    const story: string[] = [];
    ring.page('ada', noteInto(story));
    await ring.settle();
    await say(ring, 'ada', 1, 3);
    expect(story).toEqual([]);
    await ring.settle();
    expect(story).toEqual(['said 1', 'said 2', 'said 3']);
  });

  test('brings it to no page of another user', async () => {
    const ring = openRing();
    const story: string[] = [];
    ring.page('eve', noteInto(story));
    await ring.settle();
    await say(ring, 'ada', 1);
    await ring.settle();
    expect(story).toEqual([]);
  });

  test('asks the rules of channels, and tells pages of a refusal', async () => {
    const ring = openRing();
    const story: string[] = [];
    ring.flow.allow('room/:roomId', ({ user }) => user === 'ada');
    for (const user of ['ada', 'eve']) {
      ring.page(user, (client) => {
        client.channel('room/:roomId', { roomId: '7' }).on('knock', (who) => story.push(`${user} hears ${who}`));
        client.onRefused(({ reason }) => story.push(`${user} is ${reason}`));
      });
    }
    await ring.settle();
    await ring.flow.channel('room/:roomId', { roomId: '7' }).send('knock', 'bob');
    await ring.settle();
    expect(story).toEqual(['eve is refused', 'ada hears bob']);
  });

  test('lets an hour pass with its page live, and renews its tokens on the way', async () => {
    const ring = openRing();
    const page = ring.page('ada', noteInto([]));
    await ring.settle();
    const states = new Set<string>();
    page.client.connection.subscribe(({ state }) => states.add(state));
    await ring.advance(3_600_000);
    expect([page.client.connection.get().state, ...states]).toEqual(['live']);
  });

  test('signs a page out when its user is revoked', async () => {
    const ring = openRing();
    const page = ring.page('ada', noteInto([]));
    await ring.settle();
    await ring.advance(1);
    await ring.flow.revoke({ user: 'ada' });
    await ring.settle();
    expect(page.client.connection.get().state).toBe('signed-out');
  });

  test('throws what a handler threw at whoever waits, if the app does not take it', async () => {
    const ring = openRing();
    ring.page('ada', (client) => {
      client.on('said', () => {
        throw new Error('no such number');
      });
    });
    await ring.settle();
    await say(ring, 'ada', 1);
    await expect(ring.settle()).rejects.toThrow('no such number');
  });

  test('throws what a rule threw at whoever waits, unless the test hears of it', async () => {
    const events: string[] = [];
    for (const ring of [openRing(), openRing({ onEvent: ({ type }) => events.push(type) })]) {
      ring.flow.allow('room/:roomId', () => {
        throw new Error('no database');
      });
      ring.page('ada', (client) => client.channel('room/:roomId', { roomId: '7' }).on('knock', () => {}));
      if (events.length > 0) await ring.settle();
      else await ring.settle().catch(({ message }) => events.push(message));
    }
    expect(events.slice(0, 2)).toEqual(['no database', 'allow-failed']);
  });

  test('tells the actions of its pages apart, and those of a page before and after its reload', async () => {
    const tally = store('tally', type<{ by: string[] }>()).actions((on) => ({
      count: on(type<string>(), (draft, by) => draft.by.push(by)),
    }));
    const ring = createRing(contract({ stores: [tally] }));
    onTestFinished(() => ring.close());
    let row: StoredState<{ by: string[] }> = { state: { by: [] }, version: 0 };
    ring.flow.store('tally').serve({
      load: () => row,
      save(_, next) {
        row = next;
        return true;
      },
      allow: () => true,
    });
    const [ada, bob] = [ring.page('ada'), ring.page('bob')];
    for (const page of [ada, bob]) void page.client.store('tally', {}).dispatch('count', page.user);
    await ring.settle();
    await ada.reload();
    void ada.client.store('tally', {}).dispatch('count', 'ada again');
    await ring.settle();
    expect([...row.state.by].sort()).toEqual(['ada', 'ada again', 'bob']);
  });

  test('ends all of it, also when it is told only then what went wrong', async () => {
    const ring = createRing(app);
    const story: string[] = [];
    for (const user of ['ada', 'eve']) {
      ring.page(user, (client) => {
        for (const error of ['first', 'second']) {
          client.on('said', () => {
            throw new Error(error);
          });
        }
        return () => story.push(`${user} leaves`);
      });
    }
    await ring.settle();
    await say(ring, 'ada', 1);
    await expect(ring.settle()).rejects.toThrow('first');
    await expect(ring.close()).rejects.toThrow('second');
    expect(story).toEqual(['ada leaves', 'eve leaves']);
    await expect(ring.flow.user('ada').send('said', 1)).rejects.toThrow('closed');
  });

  test('closes once, however often it is told to', async () => {
    const ring = createRing(app);
    const story: string[] = [];
    const page = ring.page('ada', () => () => story.push('ends'));
    await page.close();
    await ring.close();
    await ring.close();
    expect(story).toEqual(['ends']);
  });

  test('says so when it never settles', async () => {
    const ring = openRing();
    ring.page('ada', (client) => {
      client.on('said', (n) => ring.flow.user('ada').send('said', n + 1));
    });
    await ring.settle();
    await say(ring, 'ada', 1);
    await expect(ring.settle()).rejects.toThrow('Cannot settle');
  });

  test('gives the same order of events for the same calls', async () => {
    async function play(): Promise<string[]> {
      const ring = openRing();
      const story: string[] = [];
      for (const user of ['ada', 'bob', 'eve']) {
        ring.page(user, (client) => {
          client.on('said', (n, { replayed }) => story.push(`${user} ${n} ${replayed}`));
          client.connection.subscribe(({ state, reason }) => story.push(`${user} ${state} ${reason}`));
        });
      }
      await ring.settle();
      for (let n = 1; n <= 5; n++) {
        for (const user of ['eve', 'ada', 'bob']) await say(ring, user, n);
        await ring.flow.everyone.send('said', 100 + n);
        if (n === 2) await ring.restartGateway();
        await ring.advance(500);
      }
      return story;
    }
    const story = await play();
    expect(story.filter((line) => line.startsWith('ada 10'))).toHaveLength(5);
    for (let run = 0; run < 3; run++) expect(await play()).toEqual(story);
  });

  test('leaves no timer and no handle behind: a process ends by itself', () => {
    const program = `
      import { contract, type } from 'message-flow/contract';
      import { createRing } from 'message-flow/testing';
      const ring = createRing(contract({ events: { said: type() } }));
      const page = ring.page('ada', (client) => void client.on('said', (n) => console.log(n)));
      await ring.settle();
      await ring.flow.user('ada').send('said', 1);
      await page.drop(1_000);
      await ring.advance(60_000);
      await ring.close();
      console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout' || name === 'Immediate').length);
    `;
    const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: join(import.meta.dirname, '../..'),
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(output).toBe('1\n0\n');
  });
});
