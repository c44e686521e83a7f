/** Print formats of whole kernels, 6.13 and 6.18: which of them are shown field by field, because they are beyond us. */
import { expect, it } from 'vitest'
import { readContainer } from '#shared/formats/trace-dat/container.ts'
import { parseEventFormat } from '#shared/formats/trace-dat/event-format.ts'
import { compilePrint } from '#shared/formats/trace-dat/print-compile.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'
import { describeWithCorpus, readCorpus } from '../support/corpus.ts'
import { randomFile } from '../support/trace-dat.ts'

const NONE = new Uint8Array(0)

function beyondUs(file: string): readonly string[] {
  const formats = readContainer(randomFile(readCorpus(file))).formats.flatMap((text) => parseEventFormat(text) ?? [])
  expect(formats.length).toBeGreaterThan(1500)
  const context = { record: new RecordView(true), symbols: new Symbols(NONE, NONE) }
  return formats
    .filter((format) => !compilePrint({ ...context, format }).understood)
    .map(({ system, name }) => `${system}:${name}`)
    .sort()
}

describeWithCorpus('of all events a kernel describes', () => {
  it('these have a print format we do not understand', () => {
    expect(beyondUs('dax/dax-ext4-small.v7.dat')).toEqual(['preemptirq:irq_disable', 'preemptirq:irq_enable'])
    expect(beyondUs('large/large-ext4.v7.dat')).toEqual([
      'dma:dma_map_sg',
      'ipi:ipi_send_cpumask',
      'kvmmmu:kvm_mmu_get_page',
      'kvmmmu:kvm_mmu_prepare_zap_page',
      'kvmmmu:kvm_mmu_sync_page',
      'kvmmmu:kvm_mmu_unsync_page',
      'ras:mc_event',
      'sched:sched_skip_cpuset_numa',
    ])
  })
})
