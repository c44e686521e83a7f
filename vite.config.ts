/**
 * The page, for both hosts: out/web is what the web host and the desktop shell serve. Nothing is inlined, because the
 * Content-Security-Policy (electron/csp.ts) allows no inline script, style or data: font.
 */

import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: 'renderer',
  plugins: [vue()],
  build: {
    outDir: '../out/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    // Every browser that has es2023 modules has modulepreload.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
