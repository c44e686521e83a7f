/**
 * The page, for both hosts: out/web is what the web host and the desktop shell serve. Nothing is inlined, because the
 * Content-Security-Policy (electron/csp.ts) allows no inline script, style or data: font.
 */

import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

export default defineConfig({
  root: resolve(import.meta.dirname, 'renderer'),
  plugins: [vue()],
  build: {
    outDir: resolve(import.meta.dirname, 'out/web'),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    // Every browser that has es2023 modules has modulepreload.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
})
