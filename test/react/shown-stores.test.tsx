// @vitest-environment happy-dom
import { act, Suspense, useState } from 'react';
import { expect, test } from 'vitest';
import { openBoardRing } from './board-ring.ts';
import { Boundary, hooks } from './board-view.tsx';
import { openScreen } from './screen.ts';

const { FlowProvider, useStore } = hooks;
const B1 = { boardId: 'b1' };

/** A card that can be opened. It trusts its parent that it is on the board. */
function Card({ id, onReady }: { id: string; onReady: (open: () => void) => void }) {
  const [{ cards }] = useStore('board/:boardId', B1);
  const [isOpen, setOpen] = useState(false);
  onReady(() => setOpen(true));
  return `${(cards[id] as { title: string }).title}${isOpen ? ', open' : ''}`;
}

/** Shows a board of one card, in a page where frames take 50 ms of the ring's time. */
async function openCards() {
  const { ring } = openBoardRing();
  const screen = openScreen();
  const store = ring.flow.store('board/:boardId');
  await store.dispatch(B1, 'add', { id: 'a', title: 'tea' });
  let open = () => {};
  function Cards() {
    const [{ order }] = useStore('board/:boardId', B1);
    const take = (given: () => void) => {
      open = given;
    };
    return (
      <>
        {order.length} cards: {order[0] && <Card id={order[0]} onReady={take} />}
      </>
    );
  }
  await screen.show(
    <FlowProvider client={{ ...ring.page('ada').client, page: null }}>
      <Boundary>
        <Suspense>
          <Cards />
        </Suspense>
      </Boundary>
    </FlowProvider>,
  );
  await act(() => ring.advance(50));
  return { ring, screen, store, open: () => act(() => open()) };
}

test('a component that renders between two frames shows what the others show', async () => {
  const { ring, screen, store, open } = await openCards();
  await store.dispatch(B1, 'add', { id: 'a', title: 'milk' });
  await act(() => ring.settle());
  open();
  expect(screen.text).toBe('1 cards: tea, open');
  await act(() => ring.advance(50));
  expect(screen.text).toBe('2 cards: milk, open');
});

test('a child never renders without what its parent shows it for', async () => {
  const { ring, screen, store, open } = await openCards();
  await store.dispatch(B1, 'clear');
  await act(() => ring.settle());
  open();
  expect(screen.text).toBe('1 cards: tea, open');
  await act(() => ring.advance(50));
  expect(screen.text).toBe('0 cards: ');
});

test('two screens of one client show the same, whatever their providers', async () => {
  const { ring } = openBoardRing();
  const { client } = ring.page('ada');
  const screens = [openScreen(), openScreen()];
  function Count() {
    return useStore('board/:boardId', B1)[0].order.length;
  }
  for (const screen of screens) {
    await screen.show(
      <FlowProvider client={client}>
        <Suspense>
          <Count />
        </Suspense>
      </FlowProvider>,
    );
  }
  await act(() => ring.settle());
  await ring.flow.store('board/:boardId').dispatch(B1, 'add', { id: 'a', title: 'tea' });
  await act(() => ring.settle());
  expect(screens.map(({ text }) => text)).toEqual(['1', '1']);
});
