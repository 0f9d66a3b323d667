import type { Server } from 'node:http';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

/** Puts the backend into Vite's own server: one process and one port, as `npm start` has it. A change to it restarts it. */
const backend: Plugin = {
  name: 'backend',
  apply: 'serve',
  async configureServer({ httpServer, middlewares, ssrLoadModule, watcher, environments, restart }) {
    if (!httpServer) return; // Vitest's
    const { createBackend } = await ssrLoadModule('/src/backend.ts');
    const { web, close } = createBackend(httpServer as Server);
    middlewares.use(web);
    httpServer.once('close', () => void close());
    const { moduleGraph } = environments.ssr;
    watcher.on('all', (event, path) => {
      const isNew = event === 'add' && /[\\/]src[\\/].*\.tsx?$/.test(path); // what could not be loaded may load now
      if (isNew || moduleGraph.getModulesByFile(path)) void restart();
    });
  },
};

const REACT = ['react', 'react-dom/client', 'react/jsx-runtime', 'react/jsx-dev-runtime'];
const FLOW = ['client', 'client/stores', 'contract', 'react'].map((part) => `message-flow/${part}`);

export default defineConfig(({ isSsrBuild = false }) => ({
  plugins: [react(), backend],
  // Named, so that a page which begins to use one is not given a second React beside the first.
  optimizeDeps: { include: [...REACT, ...FLOW] },
  server: { host: '127.0.0.1', port: 5000, strictPort: true },
  build: { outDir: isSsrBuild ? 'dist/server' : 'dist/page', copyPublicDir: !isSsrBuild },
}));
