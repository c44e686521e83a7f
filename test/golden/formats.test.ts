/**
 * Every fixture of the text formats: recognised, read to the golden summary, read alike whatever the chunks, alike with
 * and without the one-pass columns, alike to a naive regular-expression reader. UPDATE=1 rewrites the goldens.
 */

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sniff } from '#shared/formats/index.ts'
import { fixturePath, readFixture, repoRoot } from '../support/corpus.ts'
import { naiveEvents } from '../support/naive-text.ts'
import { eventsOf, fingerprint, readText, summary, textReaders, type TextFormat } from '../support/read-text.ts'

const fixtures = (Object.keys(textReaders) as TextFormat[]).flatMap((format) =>
  readdirSync(fixturePath(format))
    .filter((name) => name.endsWith('.txt'))
    .map((name) => ({ format, name, bytes: readFixture(join(format, name)) })),
)

function golden(format: string, name: string, text: string): string {
  const path = join(repoRoot, 'test/golden/formats', format, name.replace(/\.txt$/, '.golden.txt'))
  if (process.env['UPDATE'] === '1') {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return existsSync(path) ? readFileSync(path, 'utf8') : '(no golden: run with UPDATE=1)'
}

describe.each(fixtures)('$format/$name', ({ format, name, bytes }) => {
  it('is recognised from its first bytes', () => {
    expect(sniff(bytes.subarray(0, 65_536)).id).toBe(format)
    // Without headers the lines themselves have to tell.
    const bare = bytes.toString('latin1').replace(/^(#|cpus=|CPU:).*\n/gm, '')
    expect(sniff(Buffer.from(bare, 'latin1')).id).toBe(format)
  })

  it('reads to its golden summary', () => {
    const text = summary(readText(format, bytes))
    expect(text).toBe(golden(format, name, text))
  })

  it('reads the same in chunks of 1 and 100 bytes and without learned columns', () => {
    const whole = fingerprint(readText(format, bytes))
    expect(fingerprint(readText(format, bytes, { chunk: 1 }))).toBe(whole)
    expect(fingerprint(readText(format, bytes, { chunk: 100 }))).toBe(whole)
    expect(fingerprint(readText(format, bytes, { columns: false }))).toBe(whole)
  })

  it('reads the same with CRLF line ends and a byte-order mark', () => {
    const dos = Buffer.concat([
      Buffer.from([0xef, 0xbb, 0xbf]),
      Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1'),
    ])
    const whole = fingerprint(readText(format, bytes))
    expect(fingerprint(readText(format, dos))).toBe(whole)
    expect(fingerprint(readText(format, dos, { chunk: 1 }))).toBe(whole)
  })

  it('agrees with a naive reader on every field of every event', () => {
    const read = readText(format, bytes)
    const start = BigInt(read.trace.meta.startClock)
    const expected = naiveEvents(bytes.toString('utf8'), format === 'trace-cmd-report')
    const actual = eventsOf(read).map(({ ts, stack: _, ...rest }) => ({ ...rest, clock: start + BigInt(ts) }))
    expect(actual.length).toBe(expected.length)
    for (let i = 0; i < expected.length; i++) expect(actual[i], `event ${i}`).toEqual(expected[i])
  })

  it('accounts for every line', () => {
    const { reader } = readText(format, bytes)
    expect(reader.events + reader.others + reader.skipped).toBe(reader.lines)
    expect(reader.skipped).toBe(0)
  })
})
