import { QueryClient, QueryObserver } from '@tanstack/query-core';
import { feedQueries, type QueryFeed } from 'message-flow/adapters/tanstack-query';
import { expect, onTestFinished, test } from 'vitest';
import { type app, openRing, say } from '../testing/open-ring.ts';

type Feed = QueryFeed<typeof app, (typeof app)['events']>;

/** Opens a page of ada whose query `['sum']` is shown, and answered when the test says so. */
async function openPage(events: Feed['events'], queryKey: Feed['queryKey'] = ['sum']) {
  const ring = openRing();
  const { client, ...page } = ring.page('ada');
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: Number.POSITIVE_INFINITY } },
  });
  const answers: ((data: number) => void)[] = [];
  const observer = new QueryObserver<number>(queryClient, {
    queryKey: ['sum'],
    queryFn: () => new Promise((resolve) => answers.push(resolve)),
  });
  const shown: unknown[] = [];
  onTestFinished(observer.subscribe(({ data }) => shown.at(-1) !== data && shown.push(data)));
  const stop = feedQueries({ client, queryClient, queryKey, events });
  onTestFinished(stop);
  onTestFinished(() => queryClient.clear());
  const opened = {
    ring,
    page,
    client,
    queryClient,
    shown,
    stop,
    /** How often the backend was asked. */
    asked: () => answers.length,
    async answer(data: number) {
      answers.at(-1)?.(data);
      await ring.settle();
    },
  };
  return opened;
}

/** The same, when what was fetched before the connection was live is fetched again. */
async function openLivePage(events: Feed['events']) {
  const opened = await openPage(events);
  await opened.answer(0);
  await opened.ring.advance(1_000);
  await opened.answer(0);
  await opened.ring.advance(1_000);
  return opened;
}

test('what was fetched before the connection was live is fetched again, once (complaint 10)', async () => {
  const { ring, asked, answer } = await openPage({});
  await answer(0);
  expect(asked()).toBe(1);
  await ring.advance(1_000);
  expect(asked()).toBe(2);
  await answer(0);
  await ring.advance(60_000);
  expect(asked()).toBe(2);
});

test('an event invalidates a query, which is fetched again', async () => {
  const { ring, asked, answer, shown } = await openLivePage({ said: (_, { invalidate }) => invalidate(['sum']) });
  await say(ring, 'ada', 1);
  await ring.advance(50);
  await answer(1);
  expect([asked(), shown.at(-1)]).toEqual([3, 1]);
});

test('a burst of events is one fetch', async () => {
  const { ring, asked } = await openLivePage({ said: (_, { invalidate }) => invalidate(['sum']) });
  await say(ring, 'ada', 1, 100);
  await ring.advance(50);
  expect(asked()).toBe(3);
});

test('a fetch under way is let end, and one more follows: its answer may be older than the event', async () => {
  const { ring, asked, answer, shown } = await openLivePage({ said: (_, { invalidate }) => invalidate(['sum']) });
  await say(ring, 'ada', 1);
  await ring.advance(50);
  for (let n = 2; n <= 20; n++) {
    await say(ring, 'ada', n);
    await ring.advance(100);
  }
  expect(asked()).toBe(3); // nothing was begun anew
  await answer(10);
  await ring.advance(50);
  expect([asked(), shown.at(-1)]).toEqual([4, 10]);
  await answer(20);
  await ring.advance(1_000);
  expect([asked(), shown.at(-1)]).toEqual([4, 20]);
});

test('of many queries those are fetched that are not, even if one of them always is', async () => {
  const { ring, queryClient, answer } = await openLivePage({ said: (_, { invalidate }) => invalidate([]) });
  let asked = 0;
  const other = new QueryObserver(queryClient, { queryKey: ['other'], queryFn: async () => asked++ });
  onTestFinished(other.subscribe(() => {}));
  await ring.settle();
  void queryClient.refetchQueries({ queryKey: ['sum'] });
  await say(ring, 'ada', 1);
  await ring.advance(50);
  await ring.advance(500);
  expect(asked).toBe(2);
  await answer(1);
  await ring.advance(500);
  expect(asked).toBe(2);
});

test('an event patches data in place, without a fetch', async () => {
  const { ring, asked, shown } = await openLivePage({
    said: (n, { patch }) => patch<number>(['sum'], (sum) => sum + n),
  });
  await say(ring, 'ada', 1, 3);
  await ring.advance(1_000);
  expect([asked(), ...shown.slice(-3)]).toEqual([2, 1, 3, 6]);
});

test('a patch beside a fetch is not overwritten by an answer that lacks it (complaint 10)', async () => {
  const { ring, asked, answer, queryClient, shown } = await openLivePage({
    said: (n, { patch }) => patch<number>(['sum'], (sum) => sum + n),
  });
  void queryClient.invalidateQueries({ queryKey: ['sum'] });
  await say(ring, 'ada', 5);
  await ring.settle();
  await answer(0); // from before the event
  await ring.advance(50);
  expect(asked()).toBe(4);
  await answer(5);
  expect(shown.at(-1)).toBe(5);
});

test('a patch does not make fresh what was invalid, and is shown by nobody', async () => {
  const { ring, queryClient } = await openLivePage({
    notice: (_, { invalidate }) => invalidate(['other']),
    said: (n, { patch }) => patch<number>(['other'], (sum) => sum + n),
  });
  queryClient.setQueryData(['other'], 1);
  await ring.flow.user('ada').send('notice', 'something that is not patched');
  await ring.advance(100);
  await say(ring, 'ada', 5);
  await ring.advance(100);
  expect(queryClient.getQueryState(['other'])).toMatchObject({ data: 6, isInvalidated: true });
});

test('a patch of a query without data does nothing', async () => {
  const { ring, queryClient } = await openLivePage({
    said: (n, { patch }) => patch<number>(['other'], (sum) => sum + n),
  });
  await say(ring, 'ada', 5);
  await ring.settle();
  expect(queryClient.getQueryData(['other'])).toBe(undefined);
});

test('a gap has all of it fetched again (complaint 11)', async () => {
  const { ring, page, asked } = await openLivePage({ said: () => {} });
  await page.drop(60_000);
  await say(ring, 'ada', 1);
  await ring.trim();
  await ring.advance(90_000);
  expect(asked()).toBe(3);
});

test('a lost minute without a gap fetches nothing: the events come', async () => {
  const { ring, page, asked, shown } = await openLivePage({
    said: (n, { patch }) => patch<number>(['sum'], (sum) => sum + n),
  });
  await page.drop(60_000);
  await say(ring, 'ada', 7);
  await ring.advance(90_000);
  expect([asked(), shown.at(-1)]).toEqual([2, 7]);
});

test('a channel feeds queries too, and another gap than its own is not its business', async () => {
  const { ring, page, client, queryClient, asked } = await openLivePage({});
  ring.flow.allow('room/:roomId', () => true);
  const channel = client.channel('room/:roomId', { roomId: '7' });
  const heard: string[] = [];
  onTestFinished(
    feedQueries({
      client,
      queryClient,
      channel,
      queryKey: ['room', '7'],
      events: { knock: (who, { invalidate }) => invalidate(['room', heard.push(who)]) },
    }),
  );
  await ring.advance(1_000);
  await ring.flow.channel('room/:roomId', { roomId: '7' }).send('knock', 'bob');
  await ring.settle();
  expect(heard).toEqual(['bob']);
  await page.drop(60_000);
  await ring.flow.channel('room/:roomId', { roomId: '7' }).send('knock', 'eve');
  await ring.trim();
  await ring.advance(90_000);
  expect(asked()).toBe(2);
});

test('what was stopped hears no more, and leaves nothing to come', async () => {
  const { ring, stop, asked } = await openLivePage({ said: (_, { invalidate }) => invalidate(['sum']) });
  await say(ring, 'ada', 1);
  await ring.settle();
  stop();
  await say(ring, 'ada', 2);
  await ring.advance(1_000);
  expect(asked()).toBe(2);
});
