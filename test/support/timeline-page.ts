/**
 * The timeline's drawing core alone in a real Chromium: built as one script, on a blank page with the design tokens, fed by
 * a source made of numbers. What it draws depends on nothing but that, so pixels can be compared.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { build } from 'vite'
import type { createTimeline, Timeline } from '#renderer/timeline/timeline.ts'
import type { layoutOf } from '#renderer/timeline/layout.ts'
import type { shapeOf } from '#renderer/timeline/tracks.ts'
import type { readTokens } from '#renderer/theme/tokens.ts'
import { repoRoot } from './corpus.ts'

/** What the script puts on the page's window. */
export interface Core {
  readonly createTimeline: typeof createTimeline
  readonly layoutOf: typeof layoutOf
  readonly shapeOf: typeof shapeOf
  readonly readTokens: typeof readTokens
}
export interface CorePage {
  readonly core: Core
  timeline: Timeline
  /** Answers that are held back, to look at what is drawn meanwhile. */
  held: (() => void)[]
  hold: boolean
  /** Who waits for the next picture of everything. */
  painted: ((settled: boolean) => void)[]
  /** The next picture of everything: whether nothing was still to come for it. */
  nextPaint: () => Promise<boolean>
}

const ENTRY = '\0timeline-core'

async function coreScript(): Promise<string> {
  const from = (path: string): string => JSON.stringify(join(repoRoot, 'renderer', path))
  const output = await build({
    configFile: false,
    root: repoRoot,
    logLevel: 'error',
    plugins: [
      {
        name: 'timeline-core',
        enforce: 'pre' as const,
        resolveId: (id: string) => (id.endsWith('timeline-core') ? ENTRY : undefined),
        load: (id: string) =>
          id === ENTRY
            ? [
                `export { createTimeline } from ${from('timeline/timeline.ts')}`,
                `export { layoutOf } from ${from('timeline/layout.ts')}`,
                `export { shapeOf } from ${from('timeline/tracks.ts')}`,
                `export { readTokens } from ${from('theme/tokens.ts')}`,
              ].join('\n')
            : undefined,
      },
    ],
    define: { 'process.env.NODE_ENV': '"production"' },
    build: { write: false, minify: false, lib: { entry: 'timeline-core', formats: ['iife'], name: 'timelineCore' } },
  })
  const first = Array.isArray(output) ? output[0] : output
  if (!('output' in first)) throw new Error('nothing was built')
  return first.output[0].code
}

let script: Promise<string> | undefined

/** A blank page with the core and a canvas pair of this size. */
export async function loadCore(page: Page, theme: 'light' | 'dark', width = 1000, height = 400): Promise<void> {
  script ??= coreScript()
  await page.setContent(
    `<html data-theme="${theme}"><body style="margin:0"><canvas id="base" style="position:absolute"></canvas><canvas id="over" style="position:absolute"></canvas></body></html>`,
  )
  await page.addStyleTag({ content: readFileSync(join(repoRoot, 'renderer/theme/tokens.css'), 'utf8') })
  await page.addScriptTag({
    content: `${await script};window.core = timelineCore;window.held = [];window.painted = [];window.hold = false`,
  })
  await page.setViewportSize({ width, height })
}
