/** The report: one file that stands alone, says the finding first, and lets nothing from outside become markup. */
import { describe, expect, it } from 'vitest'
import { compareReport } from '#electron/report/report.ts'
import { html } from '#electron/report/html.ts'
import { smallComparison } from '../support/small-runs.ts'

const report = compareReport(smallComparison())

describe('a report', () => {
  it('needs no network and no script', () => {
    expect(report).not.toMatch(/<script|<link|<img|<iframe|<object|@import|url\(|\son\w+=/i)
    expect(report.match(/https?:\/\/[^"\s<]+/g)).toBeNull()
    expect(report).toContain("default-src 'none'; style-src 'unsafe-inline'")
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
    expect(report.match(/<svg /g)).toHaveLength(3)
    expect(report.match(/aria-label="[^"]+"/g)).toHaveLength(3)
    expect(report).toContain('no interleavings were searched')
  })

  it('is well-formed: every element that opens closes', () => {
    const open: string[] = []
    for (const [, slash, name, self] of report.matchAll(/<(\/?)([a-z][a-z0-9]*)[^>]*?(\/?)>/g)) {
      if (self === '/' || ['meta'].includes(name)) continue
      if (slash === '') open.push(name)
      else expect(open.pop()).toBe(name)
    }
    expect(open).toEqual([])
  })

  it('has colours for light and dark and draws nothing outside its pictures', () => {
    expect(report).toContain('prefers-color-scheme: dark')
    expect(report).not.toMatch(/NaN|Infinity|undefined|\[object/)
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
