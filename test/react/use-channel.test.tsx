// @vitest-environment happy-dom
import { createHooks } from 'message-flow/react';
import { act, StrictMode, useState } from 'react';
import { expect, test } from 'vitest';
import { type app, openRing } from '../testing/open-ring.ts';
import { openScreen } from './screen.ts';

const { FlowProvider, useChannel } = createHooks<typeof app>();

/** Shows who knocked at a room. */
function Room({ roomId }: { roomId: string | undefined }) {
  const [knocks, setKnocks] = useState<string[]>([]);
  const { gap, refusal } = useChannel('room/:roomId', roomId ? { roomId } : null, {
    knock: (who) => setKnocks((all) => [...all, `${who}@${roomId}`]),
  });
  return [...knocks, gap?.reason, refusal?.reason].join(' ').trim();
}

/** Opens a ring with a page of ada on a screen; all may enter all rooms that are open, but for the vault. */
async function openRooms(isOpen = () => true) {
  const ring = openRing();
  ring.flow.allow('room/:roomId', (_, { roomId }) => roomId !== 'vault' && isOpen());
  const page = ring.page('ada');
  const screen = openScreen();
  const subscriptions: string[] = [];
  const channel: typeof page.client.channel = (pattern, params) => {
    const found = page.client.channel(pattern, params);
    return {
      ...found,
      on(...given) {
        subscriptions.push(found.log);
        return found.on(...given);
      },
    };
  };
  const client = { ...page.client, channel };
  return {
    ring,
    page,
    screen,
    subscriptions,
    async show(...roomIds: (string | undefined)[]) {
      await screen.show(
        <StrictMode>
          <FlowProvider client={client}>
            {roomIds.map((roomId, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a room that changes is the same component
              <Room key={i} roomId={roomId} />
            ))}
          </FlowProvider>
        </StrictMode>,
      );
      await act(() => ring.settle());
    },
    async knock(roomId: string, who: string) {
      await ring.flow.channel('room/:roomId', { roomId }).send('knock', who);
      await act(() => ring.settle());
    },
  };
}

test('what is sent to a channel is on the screen', async () => {
  const { screen, show, knock } = await openRooms();
  await show('7');
  await knock('7', 'bob');
  expect(screen.text).toBe('bob@7');
});

test('params that are made at each render subscribe nothing anew (complaint 19)', async () => {
  const { show, subscriptions } = await openRooms();
  for (let i = 0; i < 5; i++) await show('7');
  expect(subscriptions.length).toBe(2); // StrictMode's two mounts
});

test('other params follow another channel', async () => {
  const { screen, show, knock } = await openRooms();
  await show('7');
  await show('8');
  await knock('7', 'bob');
  await knock('8', 'eve');
  expect(screen.text).toBe('eve@8');
});

test('null follows none', async () => {
  const { show, subscriptions } = await openRooms();
  await show(undefined);
  expect(subscriptions).toEqual([]);
});

test('two components share what they follow, and one that leaves does not end it', async () => {
  const { screen, show, knock } = await openRooms();
  await show('7', '7');
  await show('7');
  await knock('7', 'bob');
  expect(screen.text).toBe('bob@7');
});

test('a channel lingers for 5 s, so that a view that comes back missed nothing', async () => {
  const { ring, page, show } = await openRooms();
  await show('7');
  await show();
  const unhandled: unknown[] = [];
  page.client.onUnhandled(({ data }) => unhandled.push(data));
  await act(() => ring.advance(4_000));
  await ring.flow.channel('room/:roomId', { roomId: '7' }).send('knock', 'bob');
  await act(() => ring.advance(1_001));
  await ring.flow.channel('room/:roomId', { roomId: '7' }).send('knock', 'eve');
  await act(() => ring.settle());
  expect(unhandled).toEqual(['bob']);
});

test('a refusal is told, and gone with other params', async () => {
  const { screen, show } = await openRooms();
  await show('vault');
  expect(screen.text).toBe('refused');
  await show('7');
  expect(screen.text).toBe('');
});

test('a refusal is over with the next entry, when another component has asked again', async () => {
  const { ring, screen, show, knock } = await openRooms(() => isOpen);
  let isOpen = false;
  await show('7');
  expect(screen.text).toBe('refused');
  isOpen = true;
  await show('7', '7');
  await act(() => ring.settle());
  await knock('7', 'bob');
  expect(screen.text).toBe('bob@7bob@7');
});

test('a gap of the channel is told (complaint 10)', async () => {
  const { ring, page, screen, show } = await openRooms();
  await show('7', '8');
  await act(() => page.drop(60_000));
  await ring.flow.channel('room/:roomId', { roomId: '7' }).send('knock', 'bob');
  await ring.trim();
  await act(() => ring.advance(60_000));
  expect(screen.text).toBe('trimmed');
});
