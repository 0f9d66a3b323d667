import { describe, expect, test } from 'vitest';
import { noteInto, openRing, say } from './open-ring.ts';

/** Opens a ring with a page of ada that is live and has seen 1. */
async function openPage() {
  const ring = openRing();
  const story: string[] = [];
  const page = ring.page('ada', noteInto(story));
  await ring.settle();
  await say(ring, 'ada', 1);
  await ring.settle();
  return { ring, page, story };
}

describe('drop', () => {
  test('loses the connection', async () => {
    const { page } = await openPage();
    await page.drop();
    expect(page.client.connection.get()).toMatchObject({ connected: false, reason: 'closed' });
  });

  test('loses no more than the connection: the client is back within moments', async () => {
    const { ring, page } = await openPage();
    await page.drop();
    await ring.advance(1_000);
    expect(page.client.connection.get()).toMatchObject({ state: 'live', connected: true });
  });

  test('of a minute keeps the page away for a minute', async () => {
    const { ring, page, story } = await openPage();
    await page.drop(60_000);
    await say(ring, 'ada', 2, 4);
    await ring.advance(59_999);
    expect([page.client.connection.get().state, ...story]).toEqual(['offline', 'said 1']);
  });

  test('of a minute loses nothing (complaint 1)', async () => {
    const { ring, page, story } = await openPage();
    await page.drop(60_000);
    await say(ring, 'ada', 2, 4);
    await ring.advance(60_000);
    expect([page.client.connection.get().state, ...story]).toEqual(['live', 'said 1', 'said 2', 'said 3', 'said 4']);
  });

  test('loses what is under way, and it comes again', async () => {
    const { ring, page, story } = await openPage();
    await say(ring, 'ada', 2, 4);
    await page.drop();
    await ring.advance(1_000);
    expect(story).toEqual(['said 1', 'said 2', 'said 3', 'said 4']);
  });

  test('repeats nothing, however often it comes (complaint 2)', async () => {
    const { ring, page, story } = await openPage();
    for (let n = 2; n <= 20; n++) {
      await say(ring, 'ada', n);
      await page.drop();
      await ring.advance(2_000);
    }
    expect(story).toEqual(Array.from({ length: 20 }, (_, i) => `said ${i + 1}`));
  });

  test('of the connection alone does not bring back a network that is away', async () => {
    const { ring, page } = await openPage();
    await page.drop(60_000);
    await page.drop();
    await ring.advance(59_999);
    expect(page.client.connection.get().state).toBe('offline');
  });

  test('of another page leaves this one alone', async () => {
    const { ring, page } = await openPage();
    await ring.page('eve', noteInto([])).drop(60_000);
    await ring.advance(10_000);
    expect(page.client.connection.get().connected).toBe(true);
  });
});

describe('reload', () => {
  test('makes a new client, and runs the script again', async () => {
    const { page } = await openPage();
    const former = page.client;
    await page.reload();
    expect([page.client === former, page.client.connection.get().state]).toEqual([false, 'live']);
  });

  test('goes on where the page was (complaint 1)', async () => {
    const { ring, page, story } = await openPage();
    await page.drop(30_000);
    await say(ring, 'ada', 2);
    await page.reload();
    await ring.advance(30_000);
    expect(story).toEqual(['said 1', 'said 2']);
  });

  test('ends what the script began', async () => {
    const ring = openRing();
    const story: string[] = [];
    const page = ring.page('ada', () => {
      story.push('begins');
      return () => story.push('ends');
    });
    await page.reload();
    expect(story).toEqual(['begins', 'ends', 'begins']);
  });
});

describe('expireToken', () => {
  test('ends the connection, and the client asks for another token', async () => {
    const { ring, page } = await openPage();
    await page.expireToken();
    expect(page.client.connection.get()).toMatchObject({ connected: false, reason: 'token-expired' });
    await ring.advance(1_000);
    expect(page.client.connection.get()).toMatchObject({ connected: true, state: 'live' });
  });

  test('loses nothing, and is not seen (complaint 5)', async () => {
    const { ring, page, story } = await openPage();
    const states: string[] = [];
    page.client.connection.subscribe(({ state }) => states.push(state));
    await page.expireToken();
    await say(ring, 'ada', 2);
    await ring.advance(1_000);
    expect([...new Set(states), ...story]).toEqual(['live', 'said 1', 'said 2']);
  });
});

describe('restartGateway', () => {
  test('ends all connections', async () => {
    const { ring, page } = await openPage();
    await ring.restartGateway();
    expect(page.client.connection.get()).toMatchObject({ connected: false, reason: 'draining' });
  });

  test('loses nothing and repeats nothing (complaint 3)', async () => {
    const { ring, story } = await openPage();
    await ring.restartGateway();
    await say(ring, 'ada', 2);
    await ring.advance(2_000);
    expect(story).toEqual(['said 1', 'said 2']);
  });
});

describe('duplicate', () => {
  test('opens a second tab, and both hear all that comes', async () => {
    const { ring, page, story } = await openPage();
    await ring.advance(1_000); // positions are written within a second
    const copy = await page.duplicate();
    await say(ring, 'ada', 2);
    await ring.settle();
    expect([copy.user, ...story]).toEqual(['ada', 'said 1', 'said 2', 'said 2']);
  });

  test('has a session storage of its own from then on', async () => {
    const { ring, page, story } = await openPage();
    const copy = await page.duplicate();
    await copy.close();
    await say(ring, 'ada', 2);
    await ring.settle();
    await page.reload();
    expect(story.filter((line) => line === 'said 2')).toEqual(['said 2']);
  });
});

describe('trim', () => {
  test('tells whoever was away exactly one gap, in its place', async () => {
    const { ring, page, story } = await openPage();
    await page.drop(30_000);
    await say(ring, 'ada', 2, 4);
    await ring.trim();
    await say(ring, 'ada', 5);
    await ring.advance(60_000);
    expect(story).toEqual(['said 1', 'gap trimmed user/ada', 'said 5']);
  });

  test('tells no gap to whoever missed nothing', async () => {
    const { ring, story } = await openPage();
    await ring.trim();
    await say(ring, 'ada', 2);
    await ring.advance(60_000);
    expect(story).toEqual(['said 1', 'said 2']);
  });

  test('tells the gap also to a page that was reloaded meanwhile', async () => {
    const { ring, page, story } = await openPage();
    await page.drop(30_000);
    await say(ring, 'ada', 2);
    await ring.trim();
    await page.reload();
    await ring.advance(30_000);
    expect(story).toEqual(['said 1', 'gap trimmed user/ada']);
  });
});
