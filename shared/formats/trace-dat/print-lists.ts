/** What `__print_flags` and `__print_symbolic` write (kernel/trace/trace_output.c): names of bits, names of values. */

import { encodeUtf8 } from '../../base/bytes.ts'
import type { NumberCode } from './number-code.ts'
import type { Node } from './print-fmt.ts'
import { halvesOf, type Pair } from './print-parts.ts'
import type { Write } from './print-program.ts'

/** trace_print_flags_seq. */
export function flagsWriter(value: NumberCode, delimiter: Node, pairs: readonly Pair[]): Write {
  const between = encodeUtf8(delimiter.kind === 'string' ? delimiter.text : '')
  const table = pairs.map(({ value: bits, text }) => ({ ...halvesOf(bits), text: encodeUtf8(text) }))
  return (to) => {
    let high = value.size === 8 ? value.high() : 0
    let low = value.low()
    const from = to.at
    for (const flag of table) {
      if ((flag.high | flag.low) === 0) continue
      if ((high & flag.high) >>> 0 !== flag.high || (low & flag.low) >>> 0 !== flag.low) continue
      if (to.at > from) to.copy(between)
      to.copy(flag.text)
      high &= ~flag.high
      low &= ~flag.low
    }
    if ((high | low) === 0) return
    if (to.at > from) to.copy(between)
    to.ascii('0x')
    to.hex(high >>> 0, low >>> 0)
  }
}

/** trace_print_symbols_seq. */
export function symbolicWriter(value: NumberCode, pairs: readonly Pair[]): Write {
  const table = pairs.map(({ value: bits, text }) => ({ ...halvesOf(bits), text: encodeUtf8(text) }))
  return (to) => {
    const low = value.low()
    const high = value.size === 8 ? value.high() : 0
    for (const one of table) {
      if (one.low !== low || (value.size === 8 && one.high !== high)) continue
      to.copy(one.text)
      return
    }
    to.ascii('0x')
    to.hex(high, low)
  }
}
