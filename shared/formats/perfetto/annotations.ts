/**
 * Debug annotations of track events as plain values. Names may be interned, values may nest: as deep as JSON events may, and
 * no further.
 */

import { limits } from '../../base/limits.ts'
import { Wire } from './wire.ts'

export interface Named {
  name(list: number, iid: number): string | undefined
}

const NAMES = 3
const STRINGS = 29
/** Values of one annotation, all levels together. */
const VALUES = 1000

/** One annotation into `into`, under its name. */
export function annotation(wire: Wire, named: Named, into: Record<string, unknown>): void {
  const budget = { left: VALUES }
  const { name, value } = read(wire, named, 0, budget)
  // Not by assignment: a name may be __proto__.
  if (Object.keys(into).length < VALUES) Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true }) // prettier-ignore
}

function read(wire: Wire, named: Named, depth: number, budget: { left: number }): { name: string; value: unknown } {
  const found = new Wire().of(wire.bytes, wire.from, wire.to)
  let name = ''
  let value: unknown = null
  const list: unknown[] = []
  const entries: (readonly [string, unknown])[] = []
  while (found.next()) {
    const deeper = found.isMessage && depth < limits.jsonDepth && --budget.left > 0
    switch (found.field) {
      case 1:
        name = named.name(NAMES, found.number) ?? `name ${found.number}`
        break
      case 10:
        name = found.text
        break
      case 2:
        value = found.number !== 0
        break
      case 3:
        value = found.number
        break
      case 4:
        value = found.signed
        break
      case 5:
        value = found.double
        break
      case 6:
      case 9:
        value = found.text
        break
      case 7:
        value = `0x${found.big.toString(16)}`
        break
      case 8:
        if (deeper) value = nested(found, depth + 1, budget)
        break
      case 11:
        if (deeper) {
          const entry = read(found, named, depth + 1, budget)
          entries.push([entry.name, entry.value])
        }
        break
      case 12:
        if (deeper) {
          list.push(read(found, named, depth + 1, budget).value)
          value = list
        }
        break
      case 17:
        value = named.name(STRINGS, found.number) ?? `text ${found.number}`
        break
      default:
    }
  }
  return { name, value: entries.length > 0 ? Object.fromEntries(entries) : value }
}

/** The older way to nest: keys and values side by side. */
function nested(wire: Wire, depth: number, budget: { left: number }): unknown {
  const found = new Wire().of(wire.bytes, wire.from, wire.to)
  const keys: string[] = []
  const values: unknown[] = []
  const list: unknown[] = []
  let leaf: unknown = null
  while (found.next()) {
    const deeper = found.isMessage && depth < limits.jsonDepth && --budget.left > 0
    if (found.field === 2) keys.push(found.text)
    else if (found.field === 3 && deeper) values.push(nested(found, depth + 1, budget))
    else if (found.field === 4 && deeper) list.push(nested(found, depth + 1, budget))
    else if (found.field === 5) leaf = found.signed
    else if (found.field === 6) leaf = found.double
    else if (found.field === 7) leaf = found.number !== 0
    else if (found.field === 8) leaf = found.text
  }
  if (keys.length > 0) return Object.fromEntries(keys.map((key, i) => [key, values[i] ?? null]))
  return list.length > 0 ? list : leaf
}
