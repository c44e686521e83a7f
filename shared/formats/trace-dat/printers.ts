/**
 * One printer per event type of a trace.dat, made when its first record comes. Names are those tracefs prints: a
 * trace_marker's event is called after the function that wrote it, stacks are no events of their own.
 */

import { decodeUtf8 } from '../../base/bytes.ts'
import type { KnownNumbers } from '../../spans/fields.ts'
import type { Recorder } from '../../spans/recorder.ts'
import * as code from '../../model/diagnostics.ts'
import type { ByteWriter } from './byte-writer.ts'
import type { TraceDat } from './container.ts'
import { parseEventFormat, type EventField, type EventFormat, type EventFormatText } from './event-format.ts'
import type { KeptRecord } from './kept-records.ts'
import { compilePrint } from './print-compile.ts'
import { graphFormat, type GraphFormat } from './graph-records.ts'
import type { Write } from './print-program.ts'
import { RecordView } from './record.ts'
import type { Symbols } from './symbols.ts'

const STACKS: ReadonlySet<string> = new Set(['kernel_stack', 'user_stack'])
/** ftrace:print and ftrace:bputs begin with the address that called. */
const CALLED: ReadonlySet<string> = new Set(['print', 'bputs'])
/** Frames of one stack: kernel/trace/trace.c keeps fewer. */
const FRAMES = 512
const NEWLINE = 10

export interface Printer {
  readonly format: EventFormat
  /** Its record is the call stack of the event before. */
  readonly stack: boolean
  /** Of function_graph: its records come in pairs. */
  readonly graph: GraphFormat | undefined
  /** These are about the record `EventPrinters.of` was last asked about. */
  readonly numbers: KnownNumbers | undefined
  /** Its records may be kept instead of their text. */
  readonly kept: KeptRecord | undefined
  nameOf(): number
  write(to: ByteWriter): void
}

interface Naming {
  readonly named?: (format: EventFormat) => string
  readonly keeps?: boolean
}

export class EventPrinters {
  readonly #formats: ReadonlyMap<number, EventFormatText>
  /** By event type, which is a small number. */
  readonly #printers: (Printer | undefined)[] = []
  readonly #symbols: Symbols
  readonly #recorder: Recorder
  readonly #named: (format: EventFormat) => string
  readonly #keepsRecords: boolean
  /** The record all compiled formats read; moved onto the one that is printed. */
  readonly #record: RecordView
  #ticks: { readonly perSecond: number | undefined } | undefined

  /** `named`: what an event is called; perf prints the system too. `keeps`: records may be kept instead of their text. */
  constructor(
    dat: Pick<TraceDat, 'formats' | 'little'>,
    symbols: Symbols,
    recorder: Recorder,
    { named = ({ name }) => name, keeps = false }: Naming = {},
  ) {
    this.#keepsRecords = keeps && recorder.keepsRecords
    this.#named = named
    this.#formats = new Map(dat.formats.map((format) => [format.id, format]))
    this.#symbols = symbols
    this.#recorder = recorder
    this.#record = new RecordView(dat.little)
  }

  /** The printer of an event type, ready to print `record`; undefined for a type without format. */
  of(type: number, record: RecordView): Printer | undefined {
    const mine = this.#record
    mine.over(record.bytes, record.view)
    mine.at = record.at
    mine.end = record.end
    return (type < this.#printers.length ? this.#printers[type] : undefined) ?? this.#first(type)
  }

  #first(type: number): Printer | undefined {
    const text = this.#formats.get(type)
    const format = text === undefined ? undefined : parseEventFormat(text)
    if (format === undefined) return undefined
    const printer = this.#make(format)
    while (this.#printers.length <= type) this.#printers.push(undefined)
    this.#printers[type] = printer
    return printer
  }

  /** Function names, innermost first, one per line. */
  frames(printer: Printer, record: RecordView): string {
    const field = printer.format.fields.find(({ name }) => name === 'caller')
    if (field === undefined) return ''
    const names: string[] = []
    for (let at = field.offset; at + 8 <= record.end - record.at && names.length < FRAMES; at += 8) {
      const [high, low] = [record.high(at), record.low(at)]
      if ((high === 0 && low === 0) || (high & low) >>> 0 === 0xffff_ffff) break
      names.push(
        this.#symbols.name(high, low) ??
          `0x${high === 0 ? '' : high.toString(16)}${low.toString(16).padStart(high === 0 ? 1 : 8, '0')}`,
      )
    }
    return names.join('\n')
  }

  #make(format: EventFormat): Printer {
    const stack = STACKS.has(format.name) && format.system === 'ftrace'
    const ip = format.fields.find(({ name }) => name === 'ip')
    if (format.system === 'ftrace' && CALLED.has(format.name) && ip !== undefined) return this.#called(format, ip)
    if (format.system === 'ftrace' && format.name === 'raw_data') return this.#raw(format)
    const { write, numbers, understood, kept } = compilePrint({
      ...{ format, record: this.#record, symbols: this.#symbols },
      ticksPerSecond: () => (this.#ticks ??= { perSecond: ticksPerSecond(this.#formats.values()) }).perSecond,
    })
    if (!understood && !stack) {
      const which = `${format.system}:${format.name}`
      this.#recorder.builder.diagnose(
        'info',
        code.PRINT_FORMAT,
        `events shown field by field, since their print format is not understood: ${which} and others`,
      )
    }
    const graph = graphFormat(format)
    const name = this.#recorder.builder.eventNamed(graph?.shape === 'entry' ? 'funcgraph_entry' : this.#named(format))
    const keeps = kept !== undefined && !stack && graph === undefined && this.#keeps(format, name)
    return { format, stack, graph, numbers, kept: keeps ? kept : undefined, nameOf: () => name, write }
  }

  #keeps({ id, system }: EventFormat, name: number): boolean {
    const text = this.#formats.get(id)?.text
    if (!this.#keepsRecords || text === undefined) return false
    const little = this.#record.little
    return this.#recorder.builder.recordFormat({ name, system, little, text: decodeUtf8(text, 0, text.length) })
  }

  /** `tracing_mark_write: text`: the caller's name is the event's. */
  #called(format: EventFormat, ip: EventField): Printer {
    const record = this.#record
    const text = format.fields.find(({ name }) => name === 'buf' || name === 'str')
    const plain = this.#recorder.builder.eventNamed(this.#named(format))
    const names = new Map<string, number>()
    const nameOf = (): number => {
      const called = this.#symbols.name(record.high(ip.offset), record.low(ip.offset))
      if (called === undefined) return plain
      let name = names.get(called)
      if (name === undefined) names.set(called, (name = this.#recorder.builder.eventNamed(called)))
      return name
    }
    const write: Write = (to) => {
      const from = record.at + (text?.offset ?? 0)
      let stop = from
      while (stop < record.end && record.bytes[stop] !== 0) stop++
      if (stop > from && record.bytes[stop - 1] === NEWLINE) stop--
      if (text !== undefined) to.copy(record.bytes, from, stop)
    }
    return { format, stack: false, graph: undefined, numbers: undefined, kept: undefined, nameOf, write }
  }

  /** What was written into trace_marker_raw, all of it: its print format has one byte (trace_output.c: trace_raw_data). */
  #raw(format: EventFormat): Printer {
    const record = this.#record
    const at = (field: string): number | undefined => format.fields.find(({ name }) => name === field)?.offset
    const [id, data] = [at('id'), at('buf')]
    const name = this.#recorder.builder.eventNamed(this.#named(format))
    const write: Write = (to) => {
      to.ascii('# ')
      to.hex(0, id === undefined ? 0 : record.low(id))
      to.ascii(' buf:')
      const from = record.at + (data ?? record.end)
      for (let i = from; i < record.end; i++) to.ascii(` ${record.bytes[i].toString(16).padStart(2, '0')}`)
    }
    return { format, stack: false, graph: undefined, numbers: undefined, kept: undefined, nameOf: () => name, write }
  }
}

/** Nothing says it outright, but events of writeback have the age of an inode in seconds (include/trace/events/writeback.h). */
function ticksPerSecond(formats: Iterable<EventFormatText>): number | undefined {
  for (const { system, text } of formats) {
    if (system !== 'writeback') continue
    const found = /\(jiffies - REC->dirtied_when\) \/ (\d{1,5})\b/.exec(decodeUtf8(text, 0, text.length))
    if (found !== null && Number(found[1]) > 0) return Number(found[1])
  }
  return undefined
}
