import { channel, contract, store, type } from 'message-flow/contract';
import { type ChannelStatus, createHooks } from 'message-flow/react';
import { expectTypeOf } from 'vitest';

const board = store('board/:boardId', type<{ cards: Record<string, string> }>()).actions((on) => ({
  add: on(type<{ id: string }>(), () => {}),
  clear: on(type<undefined>(), () => {}),
}));
const app = contract({
  events: { 'TASK DONE': type<string>(), notice: type<{ text: string; since: Date }>() },
  channels: [
    channel('project/:projectId', { 'file/saved': type<{ path: string }>() }),
    channel('news', { flash: type<number>() }),
  ],
  stores: [board],
});
const { FlowProvider, useConnection, useChannel, useEvent, useGap, useStore } = createHooks<typeof app>();

export function Page() {
  // Payloads are what arrives: JSON.
  useEvent('TASK DONE', (text, { replayed }) => {
    expectTypeOf(text).toEqualTypeOf<string>();
    expectTypeOf(replayed).toEqualTypeOf<boolean>();
  });
  useEvent('notice', (notice) => {
    expectTypeOf(notice).toEqualTypeOf<{ text: string; since: string }>();
  });
  // Complaint 15: what is wrong does not compile.
  // @ts-expect-error a misspelt event
  useEvent('TASK DON', () => {});
  // @ts-expect-error a channel's event is not an app's
  useEvent('file/saved', () => {});
  // @ts-expect-error a wrong payload
  useEvent('TASK DONE', (text: number) => text);

  const status = useChannel(
    'project/:projectId',
    { projectId: 'p1' },
    {
      'file/saved': ({ path }) => {
        expectTypeOf(path).toEqualTypeOf<string>();
      },
    },
  );
  expectTypeOf(status).toEqualTypeOf<ChannelStatus>();
  useChannel('project/:projectId', null, {});
  useChannel('news', {}, { flash: (n) => expectTypeOf(n).toEqualTypeOf<number>() });
  // @ts-expect-error an unknown pattern
  useChannel('project/:id', { id: 'p1' }, {});
  // @ts-expect-error a missing parameter
  useChannel('project/:projectId', {}, {});
  // @ts-expect-error another channel's event
  useChannel('news', {}, { 'file/saved': () => {} });
  // @ts-expect-error a wrong payload
  useChannel('news', {}, { flash: (n: string) => n });

  const [state, dispatch, sync] = useStore('board/:boardId', { boardId: 'b1' });
  expectTypeOf(state).toEqualTypeOf<{ cards: Record<string, string> }>();
  expectTypeOf(sync.pending).toEqualTypeOf<number>();
  void dispatch('add', { id: 'a' });
  void dispatch('clear');
  // @ts-expect-error an unknown action
  void dispatch('remove', { id: 'a' });
  // @ts-expect-error a wrong input
  void dispatch('add', { id: 7 });
  // @ts-expect-error a missing parameter
  useStore('board/:boardId', {});
  // @ts-expect-error an unknown store
  useStore('card/:cardId', { cardId: 'c' });

  useGap(({ reason }) => expectTypeOf(reason).toEqualTypeOf<'trimmed' | 'reset'>());
  expectTypeOf(useConnection().user).toEqualTypeOf<string | undefined>();
  // @ts-expect-error whose client?
  return <FlowProvider />;
}
