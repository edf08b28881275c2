// The page: web/ into dist/web, files named by their content, no inline scripts. scripts/page.mjs runs it.
import { defineConfig } from 'vite';

export default defineConfig({
  root: 'web',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    // Its policy lets the page load nothing that stands in a URL, but pictures.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
