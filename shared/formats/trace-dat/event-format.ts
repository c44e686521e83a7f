/**
 * An event's `format` file (events/SYSTEM/NAME/format of tracefs): its id, where each field lies in the record, and the
 * print format. Written by kernel/trace/trace_events.c: f_show. A file from elsewhere may say anything: fields outside what
 * a record can be are refused, and so is a file without id.
 */

import { decodeUtf8 } from '../../base/bytes.ts'
import { limits } from '../../base/limits.ts'

export interface EventField {
  readonly name: string
  /** As declared, without the name: `unsigned long`, `char[]`. */
  readonly type: string
  readonly offset: number
  /** Bytes; of an array all of it; 0 for what runs to the record's end. */
  readonly size: number
  readonly signed: boolean
  /** Bytes of one element of an array; `size` for others. */
  readonly elementSize: number
  readonly array: boolean
  /** `__data_loc`: the field holds place and length of its data; `__rel_loc`: place counted from behind the field. */
  readonly dynamic: 'data' | 'relative' | undefined
  readonly isString: boolean
  readonly common: boolean
}

export interface EventFormat {
  readonly system: string
  readonly name: string
  readonly id: number
  readonly fields: readonly EventField[]
  readonly printFmt: string
}

/** A format whose text has not been taken apart: a file describes thousands of events and records a few dozen. */
export interface EventFormatText {
  readonly system: string
  readonly id: number
  readonly text: Uint8Array
}

/** Bytes in which a format says its name and id. */
const HEAD = 256

/** undefined: not the format of an event. */
export function eventFormatText(text: Uint8Array, system: string): EventFormatText | undefined {
  if (text.length > limits.eventFormatBytes) return undefined
  const id = /^ID:\s*(\d+)/m.exec(decodeUtf8(text, 0, Math.min(text.length, HEAD)))?.[1]
  return id === undefined ? undefined : { system, id: Number(id), text }
}

/** A declaration has a bound, since some of what looks at it begins anew at every character. */
const FIELD = /^\s*field:([^;]{1,200});\s*offset:(\d+);\s*size:(\d+);(?:\s*signed:(\d+);)?/
/** A record is at most a sub-buffer (64 KiB pages are the largest there are; sub-buffers may be larger, records not). */
const LARGEST = 65_536

/** undefined: not the format of an event. */
export function parseEventFormat({ text: bytes, system }: EventFormatText): EventFormat | undefined {
  const text = decodeUtf8(bytes, 0, bytes.length)
  const name = /^name:\s*(\S+)/m.exec(text)?.[1]
  const id = /^ID:\s*(\d+)/m.exec(text)?.[1]
  if (name === undefined || id === undefined) return undefined
  const fields: EventField[] = []
  for (const line of text.split('\n')) {
    const match = FIELD.exec(line)
    if (match === null) continue
    const field = parseField(match)
    if (field !== undefined) fields.push(field)
  }
  const fmt = text.indexOf('\nprint fmt:')
  return { system, name, id: Number(id), fields, printFmt: fmt === -1 ? '' : text.slice(fmt + 11).trim() }
}

function parseField([, declared, offsetText, sizeText, signedText]: RegExpExecArray): EventField | undefined {
  const offset = Number(offsetText)
  const size = Number(sizeText)
  if (offset > LARGEST || size > LARGEST) return undefined
  let declaration = declared.trim()
  const dynamic = /^__data_loc\b/.test(declaration) ? 'data' : /^__rel_loc\b/.test(declaration) ? 'relative' : undefined
  declaration = declaration.replace(/^__(data|rel)_loc\s+/, '')
  // `unsigned long args[6]`, `char[] name` and `const char * name`
  const array = /\[(.*?)\]/.exec(declaration)
  const bare = declaration.replace(/\[.*?\]/, ' ').trim()
  const name = /(\w+)$/.exec(bare)?.[1]
  if (name === undefined) return undefined
  const type = bare.slice(0, bare.length - name.length).trim()
  const elementSize = sizeOfType(type)
  const isArray = array !== null || (dynamic === undefined && size > 8)
  const isString = isArray && /\b(char|u8|__u8|s8)\b/.test(type) && !/unsigned char|u8|\*/.test(type)
  const count = Number(array?.[1])
  return {
    name,
    type: array === null ? type : `${type}[]`,
    offset,
    size,
    signed: signedText === '1',
    elementSize: !isArray ? size : dynamic === undefined && count > 0 ? Math.max(1, size / count) : elementSize,
    array: isArray,
    dynamic,
    isString,
    common: name.startsWith('common_'),
  }
}

function sizeOfType(type: string): number {
  if (type.includes('*') || /\b(long|u64|s64|__u64|__s64|size_t|loff_t|sector_t)\b/.test(type)) return 8
  if (/\b(char|u8|s8|__u8|bool)\b/.test(type)) return 1
  if (/\b(short|u16|s16|__u16|umode_t)\b/.test(type)) return 2
  return 4
}
