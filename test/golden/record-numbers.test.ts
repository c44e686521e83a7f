/**
 * What a trace.dat's record says of a payload's numbers is what reading them back out of the printed text gives: every number
 * behind every name of every event.
 */

import { expect, it } from 'vitest'
import { decodeUtf8 } from '#shared/base/bytes.ts'
import { traceDat } from '#shared/formats/trace-dat/trace-dat.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import { EventFields, key } from '#shared/spans/fields.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { randomFile } from '../support/trace-dat.ts'

const FILES = ['dax/dax-xfs-small.v7.dat', 'dax/dax-ext4-small.v7.dat', 'host/small2-ext4.v7.dat']
const NAME = /[A-Za-z_]\w*(?=[=: ])/g

describeWithCorpus('numbers of a record', () => {
  it.each(FILES)('of %s are those of its text', (file) => {
    const recorder = new Recorder(new TraceBuilder(new TraceCollector(), 'test', 'trace-dat'))
    const text = new EventFields()
    const told = new EventFields()
    const wrong = new Set<string>()
    let numbers = 0
    recorder.event = (_ts, _cpu, _task, _context, name, bytes, from, to, known) => {
      if (known === undefined) return
      for (const word of new Set(decodeUtf8(bytes, from, to).match(NAME))) {
        for (const base of [10, 16] as const) {
          if (Number.isNaN(known.of(key(word), base))) continue
          numbers++
          const read = text.of(bytes, from, to).next(key(word), base)
          const direct = told.of(bytes, from, to, known).next(key(word), base)
          if (read !== direct) wrong.add(`${recorder.builder.eventNames.text(name)} ${word}: ${read}, ${direct}`)
        }
      }
    }
    const reader = traceDat.open(randomFile(readCorpus(file)), recorder)
    while (reader.step());
    expect([...wrong]).toEqual([])
    expect(numbers).toBeGreaterThan(5000)
  })
})
