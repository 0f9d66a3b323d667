// @vitest-environment happy-dom
import { type Client, createFrames } from 'message-flow/client';
import { createHooks } from 'message-flow/react';
import { Profiler, useState } from 'react';
import { flushSync } from 'react-dom';
import { createRoot } from 'react-dom/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createFakeClock } from '../support/fake-clock.ts';
import { until } from '../support/until.ts';
import { type app, openRing, say } from '../testing/open-ring.ts';

/** Frames that come when told to, and what was called, in order. */
function openFrames(page: { requestAnimationFrame?(callback: () => void): void } | null) {
  const clock = createFakeClock();
  const called: number[] = [];
  const frames = createFrames({ page, clock });
  return { clock, called, frames, put: (n: number) => void frames.put(() => called.push(n)) };
}

describe('what waits for a frame', () => {
  test('is called with it, in order', () => {
    const painting: (() => void)[] = [];
    const { called, put } = openFrames({ requestAnimationFrame: (callback) => painting.push(callback) });
    for (const n of [1, 2, 3]) put(n);
    expect([painting.length, called]).toEqual([1, []]);
    painting[0]?.();
    expect(called).toEqual([1, 2, 3]);
  });

  test('is called after 50 ms where nothing paints, as in a hidden page', () => {
    const { clock, called, put } = openFrames({ requestAnimationFrame: () => {} });
    put(1);
    clock.advance(49);
    expect(called).toEqual([]);
    clock.advance(1);
    expect(called).toEqual([1]);
  });

  test('is called by a timer where there is no page', () => {
    const { clock, called, put } = openFrames(null);
    put(1);
    clock.advance(50);
    expect(called).toEqual([1]);
  });

  test('asks for one frame, however often it is called by a timer: a hidden page keeps all that it is asked for', () => {
    let asked = 0;
    const { clock, called, put } = openFrames({ requestAnimationFrame: () => asked++ });
    for (let n = 1; n <= 5; n++) {
      put(n);
      clock.advance(50);
    }
    expect([asked, called]).toEqual([1, [1, 2, 3, 4, 5]]);
  });

  test('has the next frame, too, when that was asked for by what was called before', () => {
    const painting: (() => void)[] = [];
    const { called, frames, put } = openFrames({ requestAnimationFrame: (callback) => painting.push(callback) });
    for (const n of [1, 2]) {
      put(n);
      frames.flush();
      put(-n);
      painting.shift()?.();
    }
    expect(called).toEqual([1, -1, 2, -2]);
  });

  test('is called in order, also when one of it calls for all that waits', () => {
    const { clock, called, frames, put } = openFrames(null);
    void frames.put(() => {
      put(3);
      frames.flush();
    });
    put(2);
    clock.advance(50);
    expect(called).toEqual([2, 3]);
  });

  test('is called at once when a thousand wait', () => {
    const { called, put } = openFrames({ requestAnimationFrame: () => {} });
    for (let n = 1; n <= 1_001; n++) put(n);
    expect(called.length).toBe(1_000);
  });

  test('may put something else, which has a frame of its own', () => {
    const { clock, called, frames, put } = openFrames(null);
    void frames.put(() => put(2));
    clock.advance(50);
    expect(called).toEqual([]);
    clock.advance(50);
    expect(called).toEqual([2]);
  });

  test('leaves no timer when it was called', () => {
    const { clock, frames, put } = openFrames(null);
    put(1);
    frames.flush();
    expect(clock.timerCount).toBe(0);
  });

  test('fails alone', async () => {
    const { clock, called, frames, put } = openFrames(null);
    const failed = frames.put(() => {
      throw new Error('no');
    });
    put(2);
    clock.advance(50);
    await expect(failed).rejects.toThrow('no');
    expect(called).toEqual([2]);
  });
});

/** Counts how often React commits while 200 entries come, each in a turn of its own, and frames come as `paint` says. */
async function countCommits(paint: (callback: () => void) => unknown): Promise<{ meanwhile: number; count(): number }> {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }); // as in a browser: React renders when it wants
  const { FlowProvider, useEvent } = createHooks<typeof app>();
  const ring = openRing();
  const page = ring.page('ada');
  const client: Client<typeof app> = {
    ...page.client,
    page: { ...(page.client.page as NonNullable<typeof page.client.page>), requestAnimationFrame: paint },
  };
  const element = document.createElement('div');
  const root = createRoot(element);
  onTestFinished(() => root.unmount());
  let commits = 0;
  function Story() {
    const [story, setStory] = useState<number[]>([]);
    useEvent('said', (n) => setStory((all) => [...all, n]));
    return story.length;
  }
  flushSync(() =>
    root.render(
      <FlowProvider client={client}>
        <Profiler id="story" onRender={() => commits++}>
          <Story />
        </Profiler>
      </FlowProvider>,
    ),
  );
  await ring.settle();
  commits = 0;
  for (let n = 1; n <= 200; n++) {
    await say(ring, 'ada', n);
    await ring.settle();
  }
  const meanwhile = commits;
  return { meanwhile, count: () => commits };
}

test('however fast entries come, there is one commit a frame (complaint 20)', async () => {
  const painting: (() => void)[] = [];
  const { meanwhile, count } = await countCommits((callback) => painting.push(callback));
  expect(meanwhile).toBe(0);
  for (const callback of painting) callback();
  await until(() => count() > 0, 'a commit');
  expect(count()).toBe(1);
});

test('and more where frames come faster, so that the test above can fail', async () => {
  const { meanwhile } = await countCommits((callback) => queueMicrotask(callback));
  expect(meanwhile).toBeGreaterThan(1);
});
