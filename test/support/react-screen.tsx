import type { Client } from 'message-flow/client';
import { contract, store, type } from 'message-flow/contract';
import { createHooks, type FlowSnapshot } from 'message-flow/react';
import { Profiler, StrictMode, useState } from 'react';

export const note = store('note/:noteId', type<{ text: string }>()).actions((on) => ({
  write: on(type<string>(), (draft, text) => {
    draft.text = text;
  }),
}));

export const app = contract({ events: { said: type<number>() }, stores: [note] });

const { FlowProvider, useConnection, useEvent, useStore } = createHooks<typeof app>();

function Story() {
  const [story, setStory] = useState<number[]>([]);
  useEvent('said', (n) => setStory((all) => [...all, n]));
  return <output>{story.join(' ')}</output>;
}

/** An input whose value is a store's: what is typed must be in it when the event is over, or the browser takes it back. */
function Note() {
  const [{ text }, dispatch] = useStore('note/:noteId', { noteId: 'n1' });
  return <input value={text} onChange={({ target }) => void dispatch('write', target.value)} />;
}

function State() {
  return <p>{useConnection().state}</p>;
}

/** What a server renders and a browser goes on with. */
export function Screen({
  client,
  snapshot,
  onCommit = () => {},
}: {
  readonly client: Client<typeof app> | undefined;
  readonly snapshot: FlowSnapshot;
  readonly onCommit?: () => void;
}) {
  return (
    <StrictMode>
      <FlowProvider client={client} snapshot={snapshot}>
        <State />
        <Profiler id="story" onRender={onCommit}>
          <Story />
        </Profiler>
        <Note />
      </FlowProvider>
    </StrictMode>
  );
}
