import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createObservatoryClient } from './client.ts';
import { FlowProvider } from './hooks.ts';
import { createPageStore } from './page-store.ts';
import { createSlowNetwork } from './slow-network.ts';

const root = document.getElementById('root');
if (!root) throw new Error('Cannot show the page: it has no element "root"');
const network = createSlowNetwork();
const client = createObservatoryClient(network.fetch);
const store = createPageStore(client);
createRoot(root).render(
  <StrictMode>
    <FlowProvider client={client}>
      <App store={store} network={network} />
    </FlowProvider>
  </StrictMode>,
);
