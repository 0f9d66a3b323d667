// @vitest-environment happy-dom
import fc from 'fast-check';
import { Activity, act, type ReactNode, StrictMode, Suspense, use, useState } from 'react';
import { expect, test } from 'vitest';
import { openBoardRing } from './board-ring.ts';
import { BoardView, hooks } from './board-view.tsx';
import { openScreen } from './screen.ts';

const { FlowProvider, useEvent } = hooks;
const NEVER = new Promise<void>(() => {});

/** Opens a page of ada with a component that writes down and shows what it hears. */
function openPage() {
  const { ring } = openBoardRing();
  const page = ring.page('ada');
  const screen = openScreen();
  const heard: string[] = [];
  function Story() {
    const [story, setStory] = useState('');
    useEvent('notice', (text) => {
      heard.push(text);
      setStory((all) => `${all}${text} `);
    });
    return story;
  }
  return {
    ring,
    page,
    screen,
    heard,
    Story,
    show: (node: ReactNode, client = page.client) =>
      screen.show(
        <StrictMode>
          <FlowProvider client={client}>{node}</FlowProvider>
        </StrictMode>,
      ),
    async notify(text: string, user = 'ada') {
      await ring.flow.user(user).send('notice', text);
      await act(() => ring.settle());
    },
  };
}

test('what comes while a boundary shows its fallback is heard by who is there again afterwards', async () => {
  const { ring, page, screen, heard, Story, show, notify } = openPage();
  await act(() => page.drop(60_000)); // so that no board comes
  const showBoard = (boardId?: string) =>
    show(
      <Suspense fallback="loading">
        <Story />
        {boardId && <BoardView boardId={boardId} />}
      </Suspense>,
    );
  await showBoard();
  await act(() => ring.advance(60_000));
  await notify('one');
  await showBoard('b1');
  expect(screen.text).toContain('loading');
  await notify('two');
  expect([screen.text, ...heard]).toEqual(['one two b1:  [0]', 'one', 'two']);
});

test('who is gone while a boundary shows its fallback hears no more', async () => {
  const { ring, heard, Story, show, notify } = openPage();
  await show(
    <Suspense fallback="loading">
      <Story />
    </Suspense>,
  );
  await act(() => ring.settle());
  await notify('one');
  await show(
    <Suspense fallback="loading">
      <Story />
      <BoardView boardId="b1" />
    </Suspense>,
  );
  await show('nobody');
  await notify('two');
  expect(heard).toEqual(['one']);
});

test('an Activity that is hidden hears nothing, and goes on when it is shown', async () => {
  const { ring, heard, Story, show, notify } = openPage();
  for (const [mode, text] of [
    ['visible', 'one'],
    ['hidden', 'two'],
    ['visible', 'three'],
  ] as const) {
    await show(
      <Activity mode={mode}>
        <Story />
      </Activity>,
    );
    await act(() => ring.settle());
    await notify(text);
  }
  expect(heard).toEqual(['one', 'three']);
});

test('with another client its entries are heard, and no more of the first', async () => {
  const { ring, heard, Story, show, notify } = openPage();
  await show(<Story />);
  await act(() => ring.settle());
  await notify('one');
  await show(<Story />, ring.page('eve').client);
  await act(() => ring.settle());
  await notify('of ada');
  await notify('of eve', 'eve');
  expect(heard).toEqual(['one', 'of eve']);
});

test('in no order of hiding, suspending, leaving and turning is anything followed twice, or by nobody', async () => {
  const { page, screen } = openPage();
  let followed = 0;
  const on: typeof page.client.on = (...given) => {
    let stop: (() => void) | undefined = page.client.on(...given);
    followed++;
    return () => {
      if (stop) followed--;
      stop?.();
      stop = undefined;
    };
  };
  const clients = [
    { ...page.client, on },
    { ...page.client, on },
  ];
  function Ear() {
    useEvent('notice', () => {});
    return null;
  }
  function Waiting() {
    use(NEVER);
    return null;
  }
  const step = fc.record({
    client: fc.constantFrom(...clients),
    key: fc.nat(1),
    isThere: fc.boolean(),
    isHidden: fc.boolean(),
    isSuspended: fc.boolean(),
  });
  const steps = fc.array(step, { minLength: 40, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fc.boolean(), steps, async (isStrict, all) => {
      for (const { client, key, isThere, isHidden, isSuspended } of all) {
        const tree = (
          <FlowProvider client={client}>
            <Suspense>
              <Activity mode={isHidden ? 'hidden' : 'visible'}>{isThere && <Ear key={key} />}</Activity>
              {isSuspended && <Waiting />}
            </Suspense>
          </FlowProvider>
        );
        const before = followed; // what suspends is not committed
        await screen.show(isStrict ? <StrictMode>{tree}</StrictMode> : tree);
        expect(followed).toBe(isSuspended ? before : Number(isThere && !isHidden));
      }
      await screen.show(null);
      expect(followed).toBe(0);
    }),
    { numRuns: 6 },
  );
});
