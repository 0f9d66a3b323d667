import { type Client, createClient } from 'message-flow/client';
import { type ClientStore, createSnapshotView, type Dispatched, stores } from 'message-flow/client/stores';
import type { StoreSnapshot } from 'message-flow/contract';
import { expectTypeOf } from 'vitest';
import type { app } from './app.ts';
import { type Board, board } from './board.ts';

declare const snapshot: StoreSnapshot<Board>;
declare const other: StoreSnapshot<{ n: number }>;
const client: Client<typeof app> = createClient<typeof app>({ url: '/websocket', use: [stores([board])] });
const b1 = client.store('board/:boardId', { boardId: 'b1' });
expectTypeOf(b1).toEqualTypeOf<ClientStore<typeof board>>();
expectTypeOf(b1.get().state).toEqualTypeOf<Board | undefined>();
expectTypeOf(b1.get().sync.pending).toEqualTypeOf<number>();
expectTypeOf(b1.dispatch('add', { id: 'c', title: 't' })).toEqualTypeOf<Promise<Dispatched>>();
void b1.dispatch('clear');
b1.hydrate(snapshot);
expectTypeOf(createSnapshotView(snapshot).state).toEqualTypeOf<Board | undefined>();

// Complaint 15: what is wrong does not compile.
// @ts-expect-error an unknown store
client.store('boards/:boardId', { boardId: 'b1' });
// @ts-expect-error a missing parameter
client.store('board/:boardId', {});
// @ts-expect-error a misspelt parameter
client.store('board/:boardId', { board: 'b1' });
// @ts-expect-error an unknown action
void b1.dispatch('remove', { id: 'c' });
// @ts-expect-error a wrong input
void b1.dispatch('toggle', { title: 't' });
// @ts-expect-error a missing input
void b1.dispatch('toggle');
// @ts-expect-error an input where none is taken
void b1.dispatch('clear', { id: 'c' });
// @ts-expect-error another store's snapshot
b1.hydrate(other);
// @ts-expect-error no store
stores([{ pattern: 'board/:boardId' }]);
