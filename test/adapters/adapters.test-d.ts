import { QueryClient } from '@tanstack/query-core';
import { bindStore, reduceLanes } from 'message-flow/adapters/redux';
import { feedQueries } from 'message-flow/adapters/tanstack-query';
import { feedStore, toZustand } from 'message-flow/adapters/zustand';
import type { Client } from 'message-flow/client';
import { legacy_createStore as createReduxStore } from 'redux';
import { expectTypeOf } from 'vitest';
import { createStore } from 'zustand/vanilla';
import type { app } from '../client/app.ts';
import type { app as boards } from '../client/stores/app.ts';

declare const client: Client<typeof app>;
const queryClient = new QueryClient();
const feed = { client, queryClient, queryKey: ['all'] };

feedQueries({
  ...feed,
  events: {
    'TASK DONE': (text, { invalidate }) => {
      expectTypeOf(text).toEqualTypeOf<string>();
      invalidate(['task', text]);
    },
    notice: ({ since }, { patch }) => patch<string[]>(['notices'], (all) => [...all, since]),
  },
});
const channel = client.channel('project/:projectId', { projectId: 'p1' });
feedQueries({
  ...feed,
  channel,
  events: { 'file/saved': ({ path }) => expectTypeOf(path).toEqualTypeOf<string>() },
});
// @ts-expect-error a misspelt event
feedQueries({ ...feed, events: { 'TASK DON': () => {} } });
// @ts-expect-error an app's event is not a channel's
feedQueries({ ...feed, channel, events: { 'TASK DONE': () => {} } });
// @ts-expect-error a wrong payload
feedQueries({ ...feed, events: { 'TASK DONE': (text: number) => text } });

const store = createStore(() => ({ done: 0, text: '' }));
feedStore({ client, store, events: { 'TASK DONE': ({ done }, text) => ({ done: done + 1, text }) } });
// @ts-expect-error what the store does not have
feedStore({ client, store, events: { 'TASK DONE': () => ({ ready: true }) } });
// @ts-expect-error a misspelt event
feedStore({ client, store, events: { 'TASK DON': () => ({}) } });

declare const pages: Client<typeof boards>;
const board = pages.store('board/:boardId', { boardId: 'b1' });
expectTypeOf(toZustand(board).getState().state?.order).toEqualTypeOf<string[] | undefined>();
const bound = bindStore(createReduxStore(reduceLanes), board);
void bound.dispatch('toggle', { id: 'a' });
// @ts-expect-error an unknown action
void bound.dispatch('remove', { id: 'a' });
