/**
 * The frame of what `perf record -o -` writes (tools/perf/Documentation/perf.data-file-format.txt, "PIPE-MODE DATA"): a header
 * of 16 bytes, then records only, of which the first describe the events. Tracing data are a record whose content stands
 * behind it; the data are what follows. A description that comes later than the first sample is not looked for.
 */

import type { RandomFile } from '../random-file.ts'
import { readTracingData } from '../trace-dat/container.ts'
import { Cursor } from '../trace-dat/cursor.ts'
import type { PerfHeader } from './perf-header.ts'
import { idsOf, kernelId, OF, perfDamage, readAttr, readNames, section, text, type PerfAttr } from './parts.ts'

/** Bits of the feature bitmap (tools/perf/util/header.h), here numbers of records. */
const [OSRELEASE, ARCH, NRCPUS, EVENT_DESC] = [4, 6, 7, 12]
export const PIPE_HEADER_BYTES = 16
/** tools/lib/perf/include/perf/event.h */
const RECORD = { sample: 9, attr: 64, tracingData: 66, buildId: 67, finishedRound: 68, feature: 80, compressed: 81, compressed2: 83 } as const // prettier-ignore
const DATA: ReadonlySet<number> = new Set([RECORD.sample, RECORD.finishedRound, RECORD.compressed, RECORD.compressed2])
const HEAD = 8

type Draft = { -readonly [K in keyof PerfHeader]: PerfHeader[K] }

export function readPipe(file: RandomFile, little: boolean): PerfHeader {
  const attrs: PerfAttr[] = []
  const attrOfId = new Map<bigint, PerfAttr>()
  const draft: Draft = {
    ...{ little, attrs, attrOfId, data: { offset: PIPE_HEADER_BYTES, size: 0 }, tracing: undefined },
    ...{ kernel: undefined, machine: undefined, cpus: undefined, kernelBuildId: undefined, cut: undefined },
  }
  for (let at = PIPE_HEADER_BYTES; at + HEAD <= file.size;) {
    const head = new Cursor(new Uint8Array(file.read(at, HEAD)), { little, base: at, of: OF })
    const type = head.u32()
    head.u16()
    const size = head.u16()
    if (DATA.has(type) || size < HEAD || at + size > file.size) break
    const record = new Uint8Array(file.read(at, size))
    const body = new Cursor(record.subarray(HEAD), { little, base: at + HEAD, of: OF })
    at += size
    if (type === RECORD.attr) attrs.push(attrOf(body, attrOfId))
    else if (type === RECORD.buildId) draft.kernelBuildId ??= kernelId(record, little)
    else if (type === RECORD.feature) feature(draft, body)
    else if (type === RECORD.tracingData) {
      const length = body.u32()
      draft.tracing = readTracingData(section(file, { offset: at, size: length }), at)
      at += Math.ceil(length / 8) * 8
      draft.data = { offset: at, size: 0 }
    }
  }
  if (attrs.length === 0) throw perfDamage('it describes no event')
  return draft
}

/** One event and the ids of its samples, which fill the rest of the record. */
function attrOf(body: Cursor, attrOfId: Map<bigint, PerfAttr>): PerfAttr {
  const attr = readAttr(body)
  body.at = attr.size
  idsOf(body, attr, attrOfId)
  return attr
}

function feature(draft: Draft, body: Cursor): void {
  const id = body.u64()
  const content = body.bytes(body.left)
  if (id === OSRELEASE) draft.kernel = text(content, draft.little)
  if (id === ARCH) draft.machine = text(content, draft.little)
  if (id === EVENT_DESC) readNames(content, draft.little, draft.attrs)
  if (id === NRCPUS) draft.cpus = new Cursor(content, { little: draft.little, base: 0, of: OF }).u32()
}
