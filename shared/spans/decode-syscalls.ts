/**
 * System calls in all their spellings: `sys_write(fd: 1, …)` and `sys_write -> 0x2` (tracefs), `sys_enter_write: fd: …`
 * and `sys_exit_write: 0x2` (trace-cmd, perf), and raw_syscalls by number. Numbers print in hexadecimal with or without
 * 0x. Where records are printed field by field, results have a key.
 */

import type { Decoder } from './decoder.ts'
import { key, type EventFields } from './fields.ts'
import { TOLD_BY_NAME, TOLD_BY_NUMBER, type SyscallArgs } from './ops.ts'
import type { SpanBuilder } from './span-builder.ts'
import { callOf, syscallName } from './syscall-numbers.ts'
import { CALLS, kindOf } from './system-calls.ts'

/** What rt_sigreturn leaves behind as its number (restore_sigcontext of arch/x86/kernel/signal_64.c). */
const NO_CALL = -1
const WORD = 2 ** 32
/** Errors are numbers below this (include/linux/err.h). */
const ERRORS = 4096
/** Calls whose results can be any 32 bits: offsets, users, ticks. */
const WORDS = new Set(
  'lseek getuid geteuid getgid getegid getuid32 geteuid32 getgid32 getegid32 setfsuid setfsgid setfsuid32 setfsgid32 times'.split(
    ' ',
  ),
)

const MODE = key('mode')
const NR = key('NR')
const ID = key('id')
const RET = key('ret')
const ERROR_CODE = key('error_code')

function argsOf(name: string, fields: EventFields): SyscallArgs {
  const call = Object.hasOwn(CALLS, name) ? CALLS[name] : undefined
  const offset = call?.offset === undefined ? NaN : fields.hex(call.offset)
  const length = call?.length === undefined ? NaN : fields.hex(call.length)
  return { kind: kindOf(name, call, name === 'fallocate' ? fields.hex(MODE) : 0), offset, length }
}

function enter(name: string): Decoder {
  return (spans, fields) => spans.ops.sysEnter(name, argsOf(name, fields), TOLD_BY_NAME)
}

/** An error of a kernel of 32 bits, whose results are printed with 8 digits: 0xffffffea is -22. */
function resultOf(name: string, printed: number): number {
  return printed > WORD - ERRORS && printed < WORD && !WORDS.has(name) ? printed - WORD : printed
}

function exit(name: string): Decoder {
  return (spans, fields) => {
    const keyed = fields.find(RET)
    const printed = fields.numberAt(keyed < 0 ? fields.from : keyed, 16, true)
    spans.ops.sysExit(name, resultOf(name, printed), TOLD_BY_NAME)
  }
}

/** `sys_write(fd: 1, …)` or `sys_write -> 0x2`: the payload tells which. */
function either(name: string): Decoder {
  return (spans, fields) => {
    const { bytes, from, to } = fields
    if (bytes[from] !== 0x2d || bytes[from + 1] !== 0x3e) {
      spans.ops.sysEnter(name, argsOf(name, fields), TOLD_BY_NAME)
      return
    }
    let at = from + 2
    while (at < to && bytes[at] === 0x20) at++
    spans.ops.sysExit(name, resultOf(name, fields.numberAt(at, 16, true)), TOLD_BY_NAME)
  }
}

/** `NR 1 (1, 7f3…, 2, …)`, arguments in hexadecimal; field by field `id=1 args=ARRAY[01, 00, …]`, byte by byte. */
function rawEnter(spans: SpanBuilder, fields: EventFields): void {
  const printed = fields.number(NR)
  const number = printed === printed ? printed : fields.numberAt(fields.find(ID), 10, true)
  if (number !== number) return
  const name = nameOf(spans, number)
  const call = Object.hasOwn(CALLS, name) ? CALLS[name] : undefined
  const args = argumentsOf(fields.text())
  const arg = (index: number | undefined): number => (index === undefined ? NaN : (args[index] ?? NaN))
  const kind = kindOf(name, call, arg(call?.raw?.mode))
  spans.ops.sysEnter(name, { kind, offset: arg(call?.raw?.offset), length: arg(call?.raw?.length) }, TOLD_BY_NUMBER)
}

const ARGUMENT_BYTES = 8

function argumentsOf(text: string): number[] {
  const hex = (word: string) => Number.parseInt(word.trim(), 16)
  const bytes = /args=ARRAY\[([^\]]*)\]/.exec(text)?.[1].split(',').map(hex)
  if (bytes === undefined) return (/^NR[^(]*\(([^)]*)\)/.exec(text)?.[1] ?? '').split(',').map(hex)
  // In the byte order of the machines whose numbers are taken where the recording does not say.
  return Array.from({ length: Math.floor(bytes.length / ARGUMENT_BYTES) }, (_, i) =>
    bytes.slice(i * ARGUMENT_BYTES, (i + 1) * ARGUMENT_BYTES).reduceRight((sum, byte) => sum * 256 + byte, 0),
  )
}

/** `NR 1 = 2`, the result in decimal; field by field `id=1 ret=2`. The begin of exit(2) has the same name in tracefs: `sys_exit(error_code: 0)`. */
function rawExit(spans: SpanBuilder, fields: EventFields): void {
  const keyed = fields.find(ID)
  const number = keyed < 0 ? fields.number(NR) : fields.numberAt(keyed, 10, true)
  if (number === NO_CALL) return spans.ops.sysExit('rt_sigreturn', NaN, TOLD_BY_NUMBER)
  if (number !== number) {
    if (fields.find(ERROR_CODE) >= 0) spans.ops.sysEnter('exit', argsOf('exit', fields), TOLD_BY_NAME)
    return
  }
  const result =
    keyed < 0 ? Number(/= *(-?\d+)/.exec(fields.text())?.[1] ?? NaN) : fields.numberAt(fields.find(RET), 10, true)
  spans.ops.sysExit(nameOf(spans, number), result, TOLD_BY_NUMBER)
}

/** Of a recording that does not say whose numbers they are, x86-64's are taken. */
function nameOf({ builder }: SpanBuilder, number: number): string {
  return syscallName(builder.meta.machine ?? 'x86_64', number)
}

/** Exec and exit never return the usual way; they are operations that do not end. */
export function syscallDecoder(name: string): Decoder | undefined {
  if (name === 'sys_enter') return rawEnter
  if (name === 'sys_exit') return rawExit
  if (name.startsWith('sys_enter_')) return enter(callOf(name.slice(10)))
  // In tracefs: the begin of a call, not the end of one called group.
  if (name === 'sys_exit_group') return either('exit_group')
  if (name.startsWith('sys_exit_')) return exit(callOf(name.slice(9)))
  return name.startsWith('sys_') ? either(callOf(name.slice(4))) : undefined
}
