import { createClient } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import type { app } from '../client/stores/app.ts';
import { board } from '../client/stores/board.ts';
import { show } from './page.ts';

/** What a page that follows a store asks of its client, beside all else. size.test.ts bundles and weighs it; nothing runs it. */
const client = createClient<typeof app>({ url: '/websocket', use: [stores([board])] });
export const followed = client.store('board/:boardId', { boardId: 'b1' });
followed.subscribe(() => show(followed.get()));
void followed.dispatch('add', { id: 'c1', title: 'a card' });
