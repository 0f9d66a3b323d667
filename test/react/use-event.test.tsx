// @vitest-environment happy-dom
import { createHooks } from 'message-flow/react';
import { act, Profiler, StrictMode, useState } from 'react';
import { flushSync } from 'react-dom';
import { expect, test } from 'vitest';
import { type app, openRing, say } from '../testing/open-ring.ts';
import { openScreen } from './screen.ts';

const { FlowProvider, useEvent, useGap } = createHooks<typeof app>();

/** Shows all that came, and how the last of it came. */
function Story({ mark = '' }: { mark?: string }) {
  const [story, setStory] = useState<string[]>([]);
  useEvent('said', (n) => setStory((all) => [...all, `${mark}${n}`]));
  useGap(({ reason }) => setStory((all) => [...all, reason]));
  return story.join(' ');
}

/** Opens a ring with a live page of ada, and a screen. */
async function openPage() {
  const ring = openRing();
  const page = ring.page('ada');
  const screen = openScreen();
  return { ring, page, screen };
}

test('what is sent is on the screen', async () => {
  const { ring, page, screen } = await openPage();
  await screen.show(
    <FlowProvider client={page.client}>
      <Story />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await say(ring, 'ada', 1, 3);
  await act(() => ring.settle());
  expect(screen.text).toBe('1 2 3');
});

test('the screen is right after a lost minute (complaints 1, 24)', async () => {
  const { ring, page, screen } = await openPage();
  await screen.show(
    <FlowProvider client={page.client}>
      <Story />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await act(() => page.drop(60_000));
  await say(ring, 'ada', 1, 3);
  await act(() => ring.advance(60_000));
  expect(screen.text).toBe('1 2 3');
});

test('a gap is told in its place', async () => {
  const { ring, page, screen } = await openPage();
  await screen.show(
    <FlowProvider client={page.client}>
      <Story />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await say(ring, 'ada', 1);
  await act(() => ring.settle());
  await act(() => page.drop(60_000));
  await say(ring, 'ada', 2);
  await ring.trim();
  await say(ring, 'ada', 3);
  await act(() => ring.advance(60_000));
  expect(screen.text).toBe('1 trimmed 3');
});

test('in StrictMode everything comes once (complaint 7)', async () => {
  const { ring, page, screen } = await openPage();
  await screen.show(
    <StrictMode>
      <FlowProvider client={page.client}>
        <Story />
      </FlowProvider>
    </StrictMode>,
  );
  await act(() => ring.settle());
  await say(ring, 'ada', 1, 3);
  await act(() => ring.settle());
  expect(screen.text).toBe('1 2 3');
});

test('a thousand entries at once are one commit (complaint 20)', async () => {
  const { ring, page, screen } = await openPage();
  let commits = 0;
  await screen.show(
    <FlowProvider client={page.client}>
      <Profiler id="story" onRender={() => commits++}>
        <Story />
      </Profiler>
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await say(ring, 'ada', 1, 1_000);
  commits = 0;
  await act(() => ring.settle());
  expect([screen.text.split(' ').length, commits]).toEqual([1_000, 1]);
});

test('a handler is that of the latest render, and a render subscribes nothing anew (complaint 19)', async () => {
  const { ring, page, screen } = await openPage();
  let subscriptions = 0;
  const on: typeof page.client.on = (...given) => {
    subscriptions++;
    return page.client.on(...given);
  };
  const client = { ...page.client, on };
  for (const mark of ['a', 'b', 'c']) {
    await screen.show(
      <FlowProvider client={client}>
        <Story mark={mark} />
      </FlowProvider>,
    );
  }
  await act(() => ring.settle());
  await say(ring, 'ada', 1);
  await act(() => ring.settle());
  expect([screen.text, subscriptions]).toEqual(['c1', 1]);
});

test('what waits for a frame when a hook turns to another event goes to the handler it came for', async () => {
  const { ring, page, screen } = await openPage();
  const heard: string[] = [];
  function Ear({ event }: { event: 'said' | 'notice' }) {
    useEvent(event, (payload: string | number) => heard.push(`${event} ${payload}`));
    return null;
  }
  const client = { ...page.client, page: null }; // so that a frame takes 50 ms of the ring's time
  const ear = (event: 'said' | 'notice') => (
    <FlowProvider client={client}>
      <Ear event={event} />
    </FlowProvider>
  );
  await screen.show(ear('said'));
  await act(() => ring.settle());
  await say(ring, 'ada', 1);
  await act(() => ring.settle());
  expect(heard).toEqual([]);
  await screen.show(ear('notice'));
  await say(ring, 'ada', 2);
  await ring.flow.user('ada').send('notice', 'a');
  await act(() => ring.advance(50));
  expect(heard).toEqual(['said 1', 'notice a']);
});

test('a component that left hears no more', async () => {
  const { ring, page, screen } = await openPage();
  const heard: number[] = [];
  function Ear() {
    useEvent('said', (n) => heard.push(n));
    return null;
  }
  await screen.show(
    <FlowProvider client={page.client}>
      <Ear />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await screen.clear();
  await say(ring, 'ada', 1);
  await act(() => ring.settle());
  expect(heard).toEqual([]);
});

test('a component that a handler sends away has heard all that came with it, and hears no more', async () => {
  const { ring, page, screen } = await openPage();
  const heard: (number | string)[] = [];
  let leave = () => {};
  function Ear() {
    useEvent('said', (n) => {
      heard.push(n);
      if (n === 1) leave();
    });
    return null;
  }
  function Room() {
    const [isOpen, setOpen] = useState(true);
    leave = () => {
      flushSync(() => setOpen(false));
      heard.push('gone');
    };
    return isOpen && <Ear />;
  }
  await screen.show(
    <FlowProvider client={page.client}>
      <Room />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await say(ring, 'ada', 1, 3);
  await act(() => ring.settle());
  expect(heard).toEqual([1, 2, 3, 'gone']);
});

test('what a handler throws goes to onError, with its entry, and the others hear all', async () => {
  const { ring, page, screen } = await openPage();
  const failures: unknown[] = [];
  page.client.onError(({ error, during }) => failures.push([String(error), during && 'data' in during && during.data]));
  function Broken() {
    useEvent('said', () => {
      throw new Error('no such number');
    });
    return null;
  }
  await screen.show(
    <FlowProvider client={page.client}>
      <Broken />
      <Story />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  await say(ring, 'ada', 1, 2);
  await act(() => ring.settle());
  expect([screen.text, ...failures]).toEqual(['1 2', ['Error: no such number', 1], ['Error: no such number', 2]]);
});

test('without a provider a hook says what is missing', async () => {
  const screen = openScreen();
  await expect(screen.show(<Story />)).rejects.toThrow('there is no FlowProvider');
});
