import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { createObservatoryClient } from './client.ts';
import { createPageStore } from './page-store.ts';

const root = document.getElementById('root');
if (!root) throw new Error('Cannot show the page: it has no element "root"');
createRoot(root).render(
  <StrictMode>
    <App store={createPageStore(createObservatoryClient())} />
  </StrictMode>,
);
