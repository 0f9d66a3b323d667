import { Writable } from 'node:stream';
import { createClient } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import type { StoreSnapshot } from 'message-flow/contract';
import type { Position } from 'message-flow/protocol';
import { createHooks, type FlowSnapshot } from 'message-flow/react';
import { type ReactNode, Suspense, use, useState } from 'react';
import { renderToPipeableStream } from 'react-dom/server';
import { expect, test } from 'vitest';
import type { app } from '../client/stores/app.ts';
import { type Board, board } from '../client/stores/board.ts';

const { FlowProvider, useConnection, useEvent, useGap, useStore } = createHooks<typeof app>();

/** Streams a page to its end. */
function stream(node: ReactNode, onError: (error: unknown) => void = () => {}): Promise<string> {
  return new Promise((resolve, reject) => {
    let html = '';
    const sink = new Writable({
      write(chunk, _, done) {
        html += chunk;
        done();
      },
      final(done) {
        resolve(html);
        done();
      },
    });
    const { pipe } = renderToPipeableStream(node, { onShellReady: () => pipe(sink), onShellError: reject, onError });
  });
}

/** What a user's server has: one board, with one card. */
function snapshotOf(title: string): FlowSnapshot {
  const state: Board = { cards: { a: { title, done: false } }, order: ['a'] };
  const snapshot: StoreSnapshot = { state, version: 1, at: 'e:1:' as Position, recent: [] };
  return { at: {}, stores: { 'store/board/b1': snapshot } };
}

function Cards() {
  const [{ cards }, , { version }] = useStore('board/:boardId', { boardId: 'b1' });
  const [story, setStory] = useState('');
  useEvent('notice', setStory);
  useGap(({ reason }) => setStory(reason));
  const { state } = useConnection();
  return `${cards.a?.title} ${version} ${state}${story}`;
}

/** Something that a page waits for while it is streamed. */
function Late({ data, children }: { data: Promise<unknown>; children: ReactNode }) {
  use(data);
  return children;
}

test('a page is rendered on the server from its snapshot, without a client (complaint 12)', async () => {
  const html = await stream(
    <FlowProvider client={undefined} snapshot={snapshotOf('tea')}>
      <Cards />
    </FlowProvider>,
  );
  expect(html).toBe('tea 1 connecting');
});

test('two users whose pages are streamed at once see nothing of each other', async () => {
  const gates = new Map<string, () => void>();
  const pages = ['tea', 'coffee'].map((title) => {
    const data = new Promise<void>((resolve) => gates.set(title, resolve));
    return stream(
      <FlowProvider client={undefined} snapshot={snapshotOf(title)}>
        <Cards />
        <Suspense fallback="…">
          <Late data={data}>
            <Cards />
          </Late>
        </Suspense>
      </FlowProvider>,
    );
  });
  gates.get('coffee')?.();
  gates.get('tea')?.();
  const [tea = '', coffee = ''] = await Promise.all(pages);
  expect([tea.match(/(?:tea|coffee) 1/g), coffee.match(/(?:tea|coffee) 1/g)]).toEqual([
    ['tea 1', 'tea 1'],
    ['coffee 1', 'coffee 1'],
  ]);
});

test('to render on a server with a client is to connect nowhere', async () => {
  const asked: string[] = [];
  const client = createClient<typeof app>({
    url: 'ws://127.0.0.1/websocket',
    fetch: async (url) => {
      asked.push(url);
      return { status: 503, json: async () => ({}) };
    },
    WebSocket: class {} as never,
    use: [stores([board])],
  });
  const html = await stream(
    <FlowProvider client={client} snapshot={snapshotOf('tea')}>
      <Cards />
    </FlowProvider>,
  );
  const without = await stream(
    <FlowProvider client={client}>
      <Suspense fallback="…">
        <Cards />
      </Suspense>
    </FlowProvider>,
  );
  expect([html, client.connection.get().reason, ...asked]).toEqual(['tea 1 connecting', 'idle']);
  expect(without).toContain('…');
});

test('a store that the snapshot does not have is left to the browser, and the rest is rendered', async () => {
  const errors: string[] = [];
  const html = await stream(
    <FlowProvider client={undefined}>
      <p>a page</p>
      <Suspense fallback="fetched in the browser">
        <Cards />
      </Suspense>
    </FlowProvider>,
    (error) => {
      errors.push(String(error));
    },
  );
  expect(html).toContain('<p>a page</p>');
  expect(html).toContain('fetched in the browser');
  expect(errors).toEqual(['Error: Cannot show "store/board/b1" on a server: the snapshot does not have it']);
});
