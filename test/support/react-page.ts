import { createClient } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import { createHooks } from 'message-flow/react';
import type { app } from '../client/stores/app.ts';
import { board } from '../client/stores/board.ts';

/** What a page that is made with React asks for, beside stores. size.test.ts bundles and weighs it; nothing runs it. */
const client = createClient<typeof app>({ url: '/websocket', use: [stores([board])] });
const followed = client.store('board/:boardId', { boardId: 'b1' });
followed.subscribe(() => console.log(followed.get()));
void followed.dispatch('add', { id: 'c1', title: 'a card' });
console.log(createHooks<typeof app>());
