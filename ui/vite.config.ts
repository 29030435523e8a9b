import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: 'meeting',
  base: '/',
  plugins: [react()],
  build: {
    outDir: '../../src/convene/page',
    emptyOutDir: true,
    // The page's Content-Security-Policy has no `data:` for fonts and scripts.
    assetsInlineLimit: 0,
    // What an older browser lacks is told by the page itself (state `unsupported`).
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The engine's client is one piece, fetched while the person looks into the mirror.
    chunkSizeWarningLimit: 600,
  },
  test: { environment: 'node' },
});
