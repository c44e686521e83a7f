/** The report: one file that stands alone, says the finding first, and lets nothing from outside become markup. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { compareReport } from '#electron/report/report.ts'
import { html } from '#electron/report/html.ts'
import { smallComparison } from '../support/small-runs.ts'

const input = { result: smallComparison(), command: "faultline compare --scenario S 'a b'", version: '1.2.3' }
const report = compareReport(input)

describe('a report', () => {
  it('names nothing outside itself, and lets only its own script and style run', () => {
    expect(report).not.toMatch(/<link|<img|<iframe|<object|@import|url\(|\son\w+=|\sstyle=|<script [^>]*src/i)
    expect(report.match(/https?:\/\/[^"\s<]+/g)).toBeNull()
    const policy = /Content-Security-Policy" content="([^"]+)"/.exec(report)?.[1] ?? ''
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'/)
    for (const name of ['script', 'style']) {
      const found = [...report.matchAll(new RegExp(`<${name}>([^]*?)</${name}>`, 'g'))]
      expect(found).toHaveLength(1)
      const hash = createHash('sha256').update(found[0][1]).digest('base64')
      expect(policy).toContain(`${name}-src 'sha256-${hash}'`)
    }
  })

  it('says which version and which command made it', () => {
    expect(report).toContain('Faultline 1.2.3')
    expect(report).toContain('faultline compare --scenario S &#39;a b&#39;')
  })

  it('shows names from outside as text', () => {
    expect(report).toContain('Which &lt;b&gt;lock&lt;/b&gt; costs what?')
    expect(report).toContain('a block left by &lt;worker &amp; co&gt;')
    expect(report).not.toContain('<worker')
  })

  it('has its finding before its tables, a CDF, bars, a curve and what it assumes', () => {
    const at = (text: string) => report.indexOf(text)
    for (const text of [
      'Finding',
      'Speed and safety',
      'Latency of write_fault',
      'Operations per second by threads',
      'Counted per run',
      'What this assumes',
    ]) {
      expect(at(text), text).toBeGreaterThan(0)
    }
    expect(at('Finding')).toBeLessThan(at('<table'))
    expect(report.match(/<svg class="chart"/g)).toHaveLength(3)
    expect(report.match(/role="img" aria-label="[^"]+"/g)).toHaveLength(3)
    expect(report).toContain('no interleavings were searched')
    expect(report).toContain('Each value is the mean over 2 seeds, all else of 8.')
  })

  it('is well-formed: every element that opens closes', () => {
    const open: string[] = []
    const markup = report.replace(/<(script|style)>[^]*?<\/\1>/g, '')
    for (const [, slash, name, self] of markup.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (self === '/' || ['meta'].includes(name)) continue
      if (slash === '') open.push(name)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
  })

  it('has colours for light and dark and draws nothing outside its pictures', () => {
    expect(report).toContain('prefers-color-scheme: dark')
    const shown = report.replace(/<script>[^]*?<\/script>/, '')
    expect(shown).not.toMatch(/NaN|Infinity|undefined|\[object/)
  })
})

describe('the html tag', () => {
  it('escapes values in text and attributes, and control characters', () => {
    expect(html`<p title="${'"<&\''}">${'a\u0000<b>'}</p>`.text).toBe(
      '<p title="&quot;&lt;&amp;&#39;">a\ufffd&lt;b&gt;</p>',
    )
  })

  it('leaves pieces of HTML as they are', () => {
    const items = ['1', '<'].map((text) => html`<li>${text}</li>`)
    expect(
      html`<ul>
        ${items}
      </ul>`.text.replace(/\s*\n\s*/g, ''),
    ).toBe('<ul><li>1</li><li>&lt;</li></ul>')
  })
})
