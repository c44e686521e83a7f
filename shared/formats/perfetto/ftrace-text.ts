/**
 * Events of Perfetto's ftrace packets in the words the kernel prints them in, so that they mean the same here as from any
 * other format: `dev 259,0 ino 12 …` of file systems, `prev_comm=… ==> …` of the scheduler, `key=value` for the rest.
 */

import { GENERIC, ftraceEvents } from './ftrace-events.ts'
import { Wire } from './wire.ts'

/** Fields of one event that are looked at. */
const FIELDS = 64
/** Events of names of their own that one trace describes. */
const DESCRIBED = 10_000
/** uint64 and uint32 of FieldDescriptorProto; the other numbers are signed. */
const UNSIGNED = new Set([4, 13])
/** Letters of task states by bit (include/linux/sched.h, task_index_to_char). */
const STATES = 'SDTtXZPI'
const PREEMPTED = 0x100
/** EXT4_GET_BLOCKS_ZERO, and the bits of `mflags` that have letters (fs/ext4/ext4.h, include/linux/buffer_head.h). */
const ZERO = 0x200
const MAP_LETTERS = [
  [1 << 5, 'N'],
  [1 << 4, 'M'],
  [1 << 11, 'U'],
  [1 << 9, 'B'],
] as const
const ADDRESSES = new Set(['ip', 'work', 'function', 'caller', 'page', 'lock_addr', 'address'])

export interface FtraceWords {
  name: string
  payload: string
}

/** What a trace says of an event that Perfetto does not know: fields by number. */
interface Described {
  readonly name: string
  readonly fields: ReadonlyMap<number, { readonly name: string; readonly unsigned: boolean }>
}

/** Numbers of a field are text too: what is printed decides. */
type Values = Map<string, string>

export class FtraceText {
  readonly #field = new Wire()
  readonly #inner = new Wire()
  readonly #described = new Map<number, Described>()

  /** GenericEventDescriptor of a bundle: the number an event has from here on, and its DescriptorProto. */
  describe({ bytes, from, to }: Wire): void {
    const outer = new Wire().of(bytes, from, to)
    let number = 0
    let described: Described | undefined
    while (outer.next()) {
      if (outer.field === 1) number = outer.number
      else if (outer.field === 2 && outer.isMessage) described = descriptorOf(outer)
    }
    if (described !== undefined && this.#described.size < DESCRIBED) this.#described.set(number, described)
  }

  /** `wire` stands on the event's own message. */
  of(wire: Wire): FtraceWords {
    const { field, bytes, from, to } = wire
    if (field === GENERIC) return this.#generic(bytes, from, to)
    const own = this.#described.get(field)
    if (own !== undefined) return this.#own(own, wire)
    const known = ftraceEvents.get(field)
    const values: Values = new Map()
    const args: string[] = []
    const inner = this.#inner.of(bytes, from, to)
    for (let i = 0; i < FIELDS && inner.next(); i++) {
      const key = known?.fields[inner.field - 1] ?? `f${inner.field}`
      if (key === 'args') args.push(inner.big.toString(16))
      else values.set(key, inner.isMessage ? inner.text : String(inner.signed))
    }
    const name = known?.name ?? `ftrace_event_${field}`
    return { name, payload: spelled(name, values, args) }
  }

  #own({ name, fields }: Described, { bytes, from, to }: Wire): FtraceWords {
    const values: Values = new Map()
    const inner = this.#inner.of(bytes, from, to)
    for (let i = 0; i < FIELDS && inner.next(); i++) {
      const field = fields.get(inner.field)
      const number = field?.unsigned === true ? String(inner.big) : String(inner.signed)
      values.set(field?.name ?? `f${inner.field}`, inner.isMessage ? inner.text : number)
    }
    return { name, payload: spelled(name, values, []) }
  }

  #generic(bytes: Uint8Array, from: number, to: number): FtraceWords {
    const outer = this.#inner.of(bytes, from, to)
    const values: Values = new Map()
    let name = '(unnamed)'
    let raw: string | undefined
    for (let i = 0; i < FIELDS && outer.next(); i++) {
      if (outer.field === 1) name = outer.text
      if (outer.field !== 2 || !outer.isMessage) continue
      const [key, value] = this.#pair(outer)
      if (key === 'payload') raw = value
      else if (key !== '') values.set(key, value)
    }
    return { name, payload: raw ?? spelled(name, values, []) }
  }

  #pair(outer: Wire): [key: string, value: string] {
    const field = this.#field.of(outer.bytes, outer.from, outer.to)
    let key = ''
    let value = ''
    while (field.next()) {
      if (field.field === 1) key = field.text
      else if (field.field === 3) value = field.text
      else if (field.field === 4) value = String(field.signed)
      else if (field.field === 5) value = field.big.toString()
    }
    return [key, value]
  }
}

/** DescriptorProto: its name, and of each field name, number and type. */
function descriptorOf({ bytes, from, to }: Wire): Described {
  const outer = new Wire().of(bytes, from, to)
  const inner = new Wire()
  const fields = new Map<number, { name: string; unsigned: boolean }>()
  let name = '(unnamed)'
  while (outer.next()) {
    if (outer.field === 1) name = outer.text
    if (outer.field !== 2 || !outer.isMessage || fields.size >= FIELDS) continue
    inner.of(outer.bytes, outer.from, outer.to)
    const field = { name: '', number: 0, unsigned: false }
    while (inner.next()) {
      if (inner.field === 1) field.name = inner.text
      else if (inner.field === 3) field.number = inner.number
      else if (inner.field === 5) field.unsigned = UNSIGNED.has(inner.number)
    }
    fields.set(field.number, field)
  }
  return { name, fields }
}

function spelled(name: string, values: Values, args: readonly string[]): string {
  const get = (key: string) => values.get(key) ?? '0'
  switch (name) {
    case 'sched_switch': {
      const from = `prev_comm=${values.get('prev_comm') ?? ''} prev_pid=${get('prev_pid')} prev_prio=${get('prev_prio')}`
      const to = `next_comm=${values.get('next_comm') ?? ''} next_pid=${get('next_pid')} next_prio=${get('next_prio')}`
      return `${from} prev_state=${stateLetters(Number(get('prev_state')))} ==> ${to}`
    }
    case 'sched_waking':
    case 'sched_wakeup':
    case 'sched_wakeup_new':
      return `comm=${values.get('comm') ?? ''} pid=${get('pid')} prio=${get('prio')} target_cpu=${get('target_cpu').padStart(3, '0')}`
    case 'tracing_mark_write':
      return (values.get('buf') ?? [...values.values()].join('|')).replace(/\n+$/, '')
    case 'sys_enter':
      return `NR ${get('id')} (${args.join(', ')})`
    case 'sys_exit':
      return `NR ${get('id')} = ${get('ret')}`
    default:
      return /^(ext4|jbd2|f2fs|xfs)_/.test(name) ? inKernelWords(name, values) : equations(values)
  }
}

/** `dev 259,0 ino 12 lblk 4 …` */
function inKernelWords(name: string, values: Values): string {
  return [...values]
    .map(([key, value]) => {
      if (key === 'dev') return `dev ${device(Number(value))}`
      if (key === 'mflags') return `mflags ${mapLetters(Number(value))}`
      if (key === 'flags' && name.includes('_map_blocks_'))
        return `flags ${(Number(value) & ZERO) !== 0 ? 'ZERO' : value}`
      return `${key} ${value}`
    })
    .join(' ')
}

function equations(values: Values): string {
  return [...values].map(([key, value]) => `${key}=${address(key, value)}`).join(' ')
}

function address(key: string, value: string): string {
  if (key === 'dev' || key === 's_dev') return device(Number(value))
  if (!ADDRESSES.has(key) || !/^-?\d+$/.test(value)) return value
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`
}

/** Perfetto keeps device numbers as user space has them (new_encode_dev, include/linux/kdev_t.h). */
function device(dev: number): string {
  const major = Math.floor(dev / 256) % 4096
  const minor = (dev % 256) + Math.floor(dev / 2 ** 20) * 256
  return `${major},${minor}`
}

function mapLetters(flags: number): string {
  return MAP_LETTERS.map(([bit, letter]) => ((flags & bit) !== 0 ? letter : '')).join('')
}

/** As the kernel prints prev_state. */
export function stateLetters(state: number): string {
  if (!(state > 0)) return state === 0 ? 'R' : '?'
  const letters = [...STATES].filter((_, bit) => (state & (1 << bit)) !== 0).join('|')
  return (letters === '' ? 'R' : letters) + (state >= PREEMPTED ? '+' : '')
}

/** The other way; undefined: no number prints so. */
export function stateNumber(letters: string): number | undefined {
  const plus = letters.endsWith('+')
  const words = (plus ? letters.slice(0, -1) : letters).split('|')
  let state = plus ? PREEMPTED : 0
  for (const letter of words) {
    const bit = STATES.indexOf(letter)
    if (letter === 'R' && words.length === 1) continue
    if (bit < 0 || letter.length !== 1) return undefined
    state |= 1 << bit
  }
  return stateLetters(state) === letters ? state : undefined
}
