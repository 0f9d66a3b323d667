import type { Client } from 'message-flow/client';
import { createHooks } from 'message-flow/react';
import { Suspense } from 'react';
import type { app } from './contract.ts';

const { FlowProvider, useConnection, useStore } = createHooks<typeof app>();

function Cards({ team }: { team: string }) {
  const [{ cards }, dispatch, sync] = useStore('board/:team', { team });
  const add = (form: FormData) => void dispatch('add', { id: crypto.randomUUID(), title: String(form.get('title')) });
  return (
    <>
      <form action={add}>
        <input name="title" aria-label="New card" autoComplete="off" />
        <button type="submit">Add</button>
      </form>
      {sync.rolledBack && <p role="alert">{sync.rolledBack.message}</p>}
      <ul>
        {Object.entries(cards).map(([id, { title, done }]) => (
          <li key={id}>
            <label>
              <input type="checkbox" checked={done} onChange={() => void dispatch('toggle', { id })} /> {title}
            </label>
          </li>
        ))}
      </ul>
    </>
  );
}

function Connection() {
  const { state, user } = useConnection();
  return <footer>{state === 'live' ? `${user}, live` : state}</footer>;
}

export function Screen({ client }: { client: Client<typeof app> }) {
  return (
    <FlowProvider client={client}>
      <h1>Tea</h1>
      <button type="button" onClick={() => void fetch('/report', { method: 'POST' })}>
        Order a report
      </button>
      <Suspense fallback={<p>…</p>}>
        <Cards team="tea" />
      </Suspense>
      <Connection />
    </FlowProvider>
  );
}
