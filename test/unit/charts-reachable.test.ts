/** Every chart of the window can be had without seeing it: its panel has the numbers as a table, the chart says its finding. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROJECT } from '../support/engine.ts'

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', 'renderer'], {
  cwd: PROJECT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^renderer\/(panels|pages)\/.*\.vue$/.test(file) && existsSync(join(PROJECT, file)))
const read = (file: string) => readFileSync(join(PROJECT, file), 'utf8')
const charts = files.filter((file) => /<(EChart|CanvasChart|BarRows)\b/.test(read(file)))

/**
 * Charts whose numbers stand as text elsewhere than in a panel of their own: the result's grid, the table of the page the
 * matrix is on, the film whose steps are rows.
 */
const HAS_ITS_GRID = [
  'renderer/panels/sql/ResultChart.vue',
  'renderer/panels/lock-order/OrderMatrix.vue',
  'renderer/panels/races/FilmBeside.vue',
]

describe('charts', () => {
  it('exist', () => expect(charts.length).toBeGreaterThan(10))

  it.each(charts.filter((file) => !HAS_ITS_GRID.includes(file)))('%s: its panel has a table', (file) => {
    // a `>` inside an attribute's value does not end the tag
    expect(read(file)).toMatch(/<PanelFrame(?:"[^"]*"|[^">])*\s:table="/)
  })

  it.each(charts)('%s: says its finding to who does not see it', (file) => {
    const uses = [...read(file).matchAll(/<(?:EChart|CanvasChart|BarRows)\b(?:"[^"]*"|[^">])*>/g)].map(([use]) => use)
    expect(uses.filter((use) => !/\b(:?aria-label|:?label)=/.test(use))).toEqual([])
  })
})

describe('ECharts', () => {
  it('gets flat typed arrays, never arrays of pairs', () => {
    const sources = execFileSync('git', ['ls-files', 'renderer'], { cwd: PROJECT, encoding: 'utf8' })
      .split('\n')
      .filter((file) => /\.(ts|vue)$/.test(file) && existsSync(join(PROJECT, file)))
    const draws = (text: string) => /type: '(line|bar)'|\brunLine\(/.test(text) && /\bdata:/.test(text)
    const paired = sources.filter((file) => draws(read(file)) && !/flat\(/.test(read(file)))
    expect(paired).toEqual([])
  })
})
