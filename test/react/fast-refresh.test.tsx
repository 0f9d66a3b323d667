// @vitest-environment happy-dom
import { createHooks } from 'message-flow/react';
import { act, type ComponentType, useState } from 'react';
import refresh from 'react-refresh/runtime';
import { expect, test } from 'vitest';
import { type app, openRing, say } from '../testing/open-ring.ts';

// Before React's renderer is loaded, as a development server has it.
refresh.injectIntoGlobalHook(globalThis);
const { openScreen } = await import('./screen.ts');

const { FlowProvider, useConnection, useEvent } = createHooks<typeof app>();

/** One edition of a component's file: each edit makes another function, which the runtime takes for the same component. */
function edit(mark: string): ComponentType {
  function Story() {
    const [story, setStory] = useState<string[]>([]);
    useEvent('said', (n) => setStory((all) => [...all, `${mark}${n}`]));
    return `${story.join(' ')} ${useConnection().state}`;
  }
  refresh.register(Story, 'story.tsx Story');
  refresh.setSignature(Story, 'useState useEvent useConnection');
  return Story;
}

test('fast refresh keeps state and connection, and nothing comes twice or is missed (complaint 7)', async () => {
  const ring = openRing();
  const page = ring.page('ada');
  const screen = openScreen();
  const Story = edit('a');
  await screen.show(
    <FlowProvider client={page.client}>
      <Story />
    </FlowProvider>,
  );
  await act(() => ring.settle());
  const reasons: string[] = [];
  page.client.connection.subscribe(({ reason }) => reasons.push(reason));
  for (const [n, mark] of ['b', 'c', 'd'].entries()) {
    await say(ring, 'ada', n + 1);
    await act(() => ring.settle());
    edit(mark);
    await act(async () => refresh.performReactRefresh());
  }
  await say(ring, 'ada', 4);
  await act(() => ring.settle());
  expect([screen.text, ...reasons]).toEqual(['a1 b2 c3 d4 live']);
});
