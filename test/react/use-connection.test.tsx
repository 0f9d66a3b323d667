// @vitest-environment happy-dom
import { createClient } from 'message-flow/client';
import { createHooks } from 'message-flow/react';
import { act } from 'react';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/until.ts';
import { type app, openRing } from '../testing/open-ring.ts';
import { openScreen } from './screen.ts';

const { FlowProvider, useConnection } = createHooks<typeof app>();

/** Opens a live page that shows its connection, and notes all that it showed. */
async function openPage() {
  const ring = openRing();
  const page = ring.page('ada');
  const screen = openScreen();
  const shown: string[] = [];
  function State() {
    const { state } = useConnection();
    if (shown.at(-1) !== state) shown.push(state);
    return state;
  }
  await screen.show(
    <FlowProvider client={page.client}>
      <State />
    </FlowProvider>,
  );
  return { ring, page, screen, shown };
}

test('to ask for the connection is to connect', async () => {
  const { ring, screen, shown } = await openPage();
  await act(() => ring.settle());
  expect([screen.text, ...shown]).toEqual(['live', 'connecting', 'live']);
});

test('a reconnect that takes less than 5 s is not shown (complaint 13)', async () => {
  const { ring, page, shown } = await openPage();
  await act(() => ring.settle());
  await act(() => page.drop(4_000));
  await act(() => ring.advance(60_000));
  expect(shown).toEqual(['connecting', 'live']);
});

test('a longer loss is shown, and its end', async () => {
  const { ring, page, shown } = await openPage();
  await act(() => ring.settle());
  await act(() => page.drop(60_000));
  await act(() => ring.advance(60_000));
  expect(shown).toEqual(['connecting', 'live', 'offline', 'resuming', 'live']);
});

test('a user who is revoked is signed out', async () => {
  const { ring, screen } = await openPage();
  await act(() => ring.advance(1));
  await ring.flow.revoke({ user: 'ada' });
  await act(() => ring.settle());
  expect(screen.text).toBe('signed-out');
});

test('a page whose WebSocket can not be opened is rendered all the same (complaint 12)', async () => {
  const screen = openScreen();
  const client = createClient<typeof app>({
    url: 'ws://127.0.0.1/websocket',
    fetch: async () => ({
      status: 200,
      json: async () => ({ token: 't', user: 'ada', at: { 'user/ada': 'e:0:' }, refused: [] }),
    }),
    WebSocket: class {
      constructor() {
        throw new DOMException('blocked by a policy', 'SecurityError');
      }
    } as never,
  });
  const failures: string[] = [];
  client.onError(({ error }) => failures.push(String(error)));
  onTestFinished(() => client.close());
  function State() {
    return `a page, ${useConnection().state}`;
  }
  await screen.show(
    <FlowProvider client={client}>
      <State />
    </FlowProvider>,
  );
  await act(() => until(() => failures.length > 0, 'the failure'));
  expect([screen.text, failures[0]]).toEqual(['a page, offline', 'SecurityError: blocked by a policy']);
});
