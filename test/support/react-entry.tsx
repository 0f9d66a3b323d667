import { createClient } from 'message-flow/client';
import { stores } from 'message-flow/client/stores';
import type { FlowSnapshot } from 'message-flow/react';
import { hydrateRoot } from 'react-dom/client';
import { type app, note, Screen } from './react-screen.tsx';

/** How often React committed, and how many frames the browser painted, since the page began. */
const counts = { commits: 0, frames: 0 };
Object.assign(globalThis, { counts });
requestAnimationFrame(function count() {
  counts.frames++;
  requestAnimationFrame(count);
});

const [root, script] = ['root', 'snapshot'].map((id) => document.getElementById(id) as HTMLElement);
const snapshot: FlowSnapshot = JSON.parse(script?.textContent ?? '');
hydrateRoot(
  root as HTMLElement,
  <Screen
    client={createClient<typeof app>({ url: '/websocket', at: snapshot.at, use: [stores([note])] })}
    snapshot={snapshot}
    onCommit={() => counts.commits++}
  />,
);
