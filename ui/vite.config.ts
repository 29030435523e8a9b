import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

/** Below this a packet more or less is not the question. */
const WORTH_IT = 1024;

/** Puts `.br` and `.gz` beside what compresses well; the server hands out whichever the browser takes. */
const compressed = (): Plugin => ({
  name: 'compressed',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      for (const [fileName, file] of Object.entries(bundle)) {
        if (!/\.(js|css|svg)$/.test(fileName)) continue;
        const plain = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        if (plain.length < WORTH_IT) continue;
        const params = { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
        this.emitFile({ type: 'asset', fileName: `${fileName}.br`, source: brotliCompressSync(plain, { params }) });
        this.emitFile({ type: 'asset', fileName: `${fileName}.gz`, source: gzipSync(plain, { level: 9 }) });
      }
    },
  },
});

/**
 * Tells V8 to compile a script whole, beside the page's own thread, while it is fetched (https://v8.dev/blog/explicit-compile-hints).
 * Otherwise each function is compiled when it is first called, and for most of the engine's client that is after the click on Join.
 */
const COMPILED_AHEAD = '//# allFunctionsCalledOnLoad\n';

const compiledAhead = (): Plugin => ({
  name: 'compiled-ahead',
  apply: 'build',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      for (const file of Object.values(bundle)) {
        // Of the reference page's script, most is never called.
        if (file.type === 'chunk' && file.name !== 'reference') file.code = COMPILED_AHEAD + file.code;
      }
    },
  },
});

/** `--mode gallery` builds the page that shows every state of the others; it does not travel with the platform. */
export default defineConfig(({ mode }) => ({
  root: 'meeting',
  base: '/',
  plugins: [react(), compiledAhead(), compressed()],
  build: {
    outDir: mode === 'gallery' ? '../../build/gallery' : '../../src/convene/page',
    emptyOutDir: true,
    rolldownOptions: { input: mode === 'gallery' ? ['meeting/gallery.html'] : ['meeting/index.html', 'meeting/reference.html'] },
    // The page's Content-Security-Policy has no `data:` for fonts and scripts.
    assetsInlineLimit: 0,
    // What an older browser lacks is told by the page itself (state `unsupported`).
    target: 'es2022',
    modulePreload: { polyfill: false },
    // The engine's client is one piece, fetched while the person looks into the mirror.
    chunkSizeWarningLimit: 600,
  },
  // The gallery's people are those of the tests.
  server: { fs: { allow: ['..'] } },
  test: { environment: 'node' },
}));
