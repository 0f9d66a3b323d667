import { type ReactNode, useCallback, useEffect, useSyncExternalStore } from 'react';
import type { Run } from '../shared/run.ts';
import { DeskError, desk } from './desk-client.ts';
import { useConnection } from './hooks.ts';
import { Page } from './page.tsx';
import type { PageStore } from './page-store.ts';
import type { SlowNetwork } from './slow-network.ts';
import { useLights } from './use-lights.ts';

const SAMPLES = [
  { name: 'sunspots', label: 'Sunspots, 1749–2008' },
  { name: 'co2', label: 'CO₂, 1958–2001' },
];
const TOAST_MS = 5_000;

/** The page, fed from the store and the hooks; what its buttons do goes to the server by HTTP. */
export function App({ store, network }: { store: PageStore; network: SlowNetwork }): ReactNode {
  const status = useConnection();
  const state = useSyncExternalStore(store.subscribe, store.get);
  const { lit, light } = useLights();
  const newest = state.arrivals[0]?.key;
  const oldestToast = state.toasts[0]?.key;

  useEffect(() => {
    if (newest !== undefined) light('log', 'gateway', 'browser');
  }, [newest, light]);

  useEffect(() => {
    if (oldestToast === undefined) return;
    const timer = setTimeout(() => store.change({ type: 'dismissal', key: oldestToast }), TOAST_MS);
    return () => clearTimeout(timer);
  }, [oldestToast, store]);

  /** Sends something to the server, and shows why it was refused. */
  const send = useCallback(
    async (request: () => Promise<Run | undefined>) => {
      light('browser', 'http', 'server');
      store.change({ type: 'refusal', message: null });
      try {
        const run = await request();
        if (run) store.change({ type: 'runs', runs: [run] });
      } catch (error) {
        const message = error instanceof DeskError ? error.message : 'The server did not answer: try again in a moment';
        store.change({ type: 'refusal', message });
      }
    },
    [store, light],
  );
  const cancel = useCallback((id: string) => void send(() => desk.cancel(id)), [send]);

  return (
    <Page
      status={status}
      lit={lit}
      dropZone={{
        samples: SAMPLES,
        refusal: state.refusal,
        onFile: (file) => void send(() => desk.post(file)),
        onSample: (name) => void send(() => desk.postSample(name)),
      }}
      runs={state.runs}
      onCancel={cancel}
      onSlow={network.setSlow}
      news={state.news}
      arrivals={state.arrivals}
      toasts={state.toasts}
      onDismiss={(key) => store.change({ type: 'dismissal', key })}
    />
  );
}
