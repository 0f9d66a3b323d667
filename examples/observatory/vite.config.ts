import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'front',
  plugins: [react()],
  build: { outDir: '../dist/front', emptyOutDir: true, assetsInlineLimit: 0 },
});
