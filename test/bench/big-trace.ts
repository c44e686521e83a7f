/**
 * Large inputs for benchmarks: a real trace from the corpus repeated with shifted timestamps until it has as many events
 * as asked for. Real names, real mixes, real line lengths; only the repetition is made up, and the reports say so.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { readCorpus } from '../support/corpus.ts'

const STAMP = /^(.{22,}?\s)(\d+)\.(\d{6}): /

/** Writes at least `events` events of tracefs text to `path`; returns how many. */
export function writeBigTrace(path: string, source: string, events: number): number {
  const text = readCorpus(source).toString('latin1')
  const lines = text.split('\n')
  const header = lines.filter((line) => line.startsWith('#'))
  const body = lines.filter((line) => line !== '' && !line.startsWith('#'))
  const first = micros(body[0])
  const span = micros(body[body.length - 1]) - first + 1000
  const file = openSync(path, 'w')
  writeSync(file, header.join('\n') + '\n', null, 'latin1')
  let written = 0
  for (let copy = 0; written < events; copy++) {
    const part = body.slice(0, Math.min(body.length, events - written))
    const shifted = copy === 0 ? part : part.map((line) => shift(line, copy * span))
    for (let i = 0; i < shifted.length; i += 20_000) {
      writeSync(file, shifted.slice(i, i + 20_000).join('\n') + '\n', null, 'latin1')
    }
    written += part.length
  }
  closeSync(file)
  return written
}

function micros(line: string): number {
  const match = STAMP.exec(line)
  if (match === null) throw new Error(`no timestamp in: ${line.slice(0, 80)}`)
  return Number(match[2]) * 1_000_000 + Number(match[3])
}

function shift(line: string, by: number): string {
  return line.replace(STAMP, (_all, before: string, seconds: string, fraction: string) => {
    const at = Number(seconds) * 1_000_000 + Number(fraction) + by
    return `${before}${Math.floor(at / 1_000_000)}.${String(at % 1_000_000).padStart(6, '0')}: `
  })
}
