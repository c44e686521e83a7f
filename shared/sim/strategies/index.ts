/**
 * All presets, and how a strategy is asked for: a preset's id with overrides behind it, `F,tx=tx-before-locks,init=…`.
 * A combination that cannot be (a lock that is not there, a filesystem without the extents an option needs) is refused with
 * one sentence, not run as something else.
 */
import { ApiError } from '../../base/errors.ts'
import { registry, unknownId } from '../../base/registry.ts'
import { filesystems } from '../fs/index.ts'
import { cows } from '../policies/cow.ts'
import { enospcs } from '../policies/enospc.ts'
import { guards } from '../policies/guard.ts'
import { inits } from '../policies/init.ts'
import { pairings } from '../policies/pairing.ts'
import type { Policy, Switches } from '../policies/slots.ts'
import { switches } from '../policies/switches.ts'
import { txs } from '../policies/tx.ts'
import { wakes } from '../policies/wake.ts'
import * as all from './all.ts'
import { namesFile, ownStrategy, type OwnOptions } from './own.ts'
import { SLOTS, type ResolvedStrategy, type SlotName, type Strategy } from './strategy.ts'

export { SLOTS, type ResolvedStrategy, type SlotName, type Strategy } from './strategy.ts'

/** As history had them; a preset that is not named here comes last. */
const ORDER = ['A', 'B', 'C', 'D', 'X', 'E', 'F', 'I', 'H1', 'H2', 'J', 'G', 'G2', 'G3', 'K', 'Z']

const placeOf = ({ id }: Strategy) => (ORDER.includes(id) ? ORDER.indexOf(id) : ORDER.length)

export const strategies = registry<Strategy>(
  'strategy',
  Object.values(all).sort((a, b) => placeOf(a) - placeOf(b)),
)

export const slots = {
  guard: guards,
  pairing: pairings,
  init: inits,
  cow: cows,
  tx: txs,
  enospc: enospcs,
  wake: wakes,
} as const satisfies Record<SlotName, unknown>

/** `--slot` arguments as they come: `tx=tx-before-locks`. */
export function parseStrategy(text: string, overrides: readonly string[] = []): ResolvedStrategy {
  const [id, ...own] = text.split(',').map((part) => part.trim())
  return resolveStrategy(strategyNamed(id), [...own, ...overrides])
}

/** A preset, or a strategy of the user's own that has been loaded. */
export function strategyNamed(id: string): Strategy {
  const found = strategies.find(id) ?? ownStrategy(id)
  if (found === undefined && (namesFile(id) || id.includes('#'))) {
    throw new ApiError(
      'unknown-id',
      `the strategy ${id} has not been loaded`,
      'give its file with --strategy, or choose it in the window',
    )
  }
  return found ?? strategies.get(id)
}

function resolveStrategy(preset: Strategy, overrides: readonly string[]): ResolvedStrategy {
  const chosen: Record<SlotName, string> = { ...preset.slots }
  const given = new Map<string, string>()
  const asked = new Map<string, string>()
  for (const override of overrides) {
    const { name, option } = splitOverride(override)
    const before = asked.get(name)
    if (before !== undefined && before !== option)
      throw impossible(`${name} cannot be both ${before} and ${option}`, 'give each slot and switch once')
    asked.set(name, option)
    if (isSlot(name))
      chosen[name] = ownStrategy(preset.id)?.plain[name]?.id === option ? option : slots[name].get(option).id
    else given.set(name, switchOption(name, option))
  }
  const resolved: ResolvedStrategy = {
    id: preset.id,
    label: [preset.id, ...overrides.map((one) => one.trim())].join(','),
    media: preset.media,
    fs: preset.fs,
    slots: chosen,
    switches: resolveSwitches(preset, chosen, given),
  }
  refuseImpossible(resolved)
  return resolved
}

function splitOverride(text: string): { name: string; option: string } {
  const at = text.indexOf('=')
  if (at <= 0) {
    const hint = strategies.find(text.trim())
      ? `${text.trim()} is a strategy: name several one by one, for instance --strategy K --strategy ${text.trim()}`
      : 'write SLOT=OPTION, for instance tx=tx-before-locks'
    throw new ApiError('bad-request', `'${text}' is no override`, hint)
  }
  const name = text.slice(0, at).trim()
  const known = [...SLOTS, ...switches.ids]
  if (!known.includes(name)) throw unknownId('slot', name, known)
  return { name, option: text.slice(at + 1).trim() }
}

function isSlot(name: string): name is SlotName {
  return (SLOTS as readonly string[]).includes(name)
}

function switchOption(name: string, option: string): string {
  const spec = switches.get(name)
  if (!spec.options.includes(option)) throw unknownId(`option of ${name}`, option, spec.options)
  return option
}

/** Given by the user, else by the preset, else what follows from the slots (4.2a.2), else the default. */
function resolveSwitches(
  preset: Strategy,
  chosen: Readonly<Record<SlotName, string>>,
  given: ReadonlyMap<string, string>,
): Switches {
  const values = new Map<string, string>(switches.items.map((spec) => [spec.id, spec.default]))
  for (const [id, value] of Object.entries(preset.switches)) values.set(id, String(value))
  if (chosen.guard !== preset.slots.guard) values.set('readaheadTakesInval', String(chosen.guard === 'inval'))
  // i_mmap taken shared or as a writer is an rwsem (3.19); its first users were all writers.
  const immap = given.get('immapMode')
  if (immap !== undefined && immap !== 'mutex' && values.get('unmapLock') === 'mutex')
    values.set('unmapLock', 'rwsem-x')
  for (const [id, value] of given) values.set(id, value)
  const typed = [...values].map(([id, value]) => [id, isFlag(id) ? value === 'true' : value])
  return Object.fromEntries(typed) as Switches
}

function isFlag(id: string): boolean {
  return switches.get(id).options.includes('true')
}

/** The behaviour behind a resolved strategy's ids. */
export function policyOf(strategy: ResolvedStrategy): Policy {
  return withOptions(strategy, ownStrategy(strategy.id)?.options() ?? {})
}

/** The same without the hooks of the user's own options: enough to say what cannot be, and nobody's code runs for it. */
export function plainPolicyOf(strategy: ResolvedStrategy): Policy {
  return withOptions(strategy, ownStrategy(strategy.id)?.plain ?? {})
}

function withOptions({ slots: ids, switches: set }: ResolvedStrategy, own: OwnOptions): Policy {
  const mine = <T extends { readonly id: string }>(option: T | undefined, id: string): T | undefined =>
    option?.id === id ? option : undefined
  return {
    guard: mine(own.guard, ids.guard) ?? guards.get(ids.guard),
    pairing: mine(own.pairing, ids.pairing) ?? pairings.get(ids.pairing),
    init: mine(own.init, ids.init) ?? inits.get(ids.init),
    cow: mine(own.cow, ids.cow) ?? cows.get(ids.cow),
    tx: mine(own.tx, ids.tx) ?? txs.get(ids.tx),
    enospc: mine(own.enospc, ids.enospc) ?? enospcs.get(ids.enospc),
    wake: mine(own.wake, ids.wake) ?? wakes.get(ids.wake),
    switches: set,
  }
}

function impossible(what: string, hint: string): ApiError {
  return new ApiError('bad-request', what, hint)
}

function refuseImpossible(strategy: ResolvedStrategy): void {
  const policy = plainPolicyOf(strategy)
  const { cow, pairing, guard, tx, enospc, switches: sw } = policy
  if (cow.handOver === 'entry' && pairing.entries !== true) {
    throw impossible(
      `cow=${cow.id} hands an entry lock over, and pairing=${pairing.id} takes none`,
      'choose pairing=entry-outside or entry-inside, or another cow option',
    )
  }
  if (cow.handOver === 'range' && pairing.id !== 'range-excl') {
    throw impossible(
      `cow=${cow.id} hands a range lock over, and pairing=${pairing.id} takes none`,
      'choose pairing=range-excl, or another cow option',
    )
  }
  if (cow.handOver === 'range' && guard.io === 'range') {
    throw impossible(
      `cow=${cow.id} hands over the range that guard=${guard.id} still needs`,
      'choose cow=handler-installs with a range lock around the whole fault',
    )
  }
  if (enospc.keepsHandle && !tx.beforeLocks) {
    throw impossible(
      `enospc=${enospc.id} keeps a handle open, and with tx=${tx.id} none is open any more when get_block has failed`,
      'choose tx=tx-before-locks, or enospc=retry-drop-handle',
    )
  }
  if (sw.immapMode === 'shared' && ['spin', 'spin+lockbreak', 'mutex'].includes(sw.unmapLock)) {
    throw impossible(
      `immapMode=shared needs an rwsem, and unmapLock=${sw.unmapLock} makes i_mmap a lock without a shared mode`,
      'choose unmapLock=rwsem-x or rwsem-s',
    )
  }
}

/** Options that a filesystem cannot serve. */
export function refuseFilesystem(strategy: ResolvedStrategy, id: string): void {
  const fs = filesystems.get(id)
  const policy = plainPolicyOf(strategy)
  if (policy.init.linksUnwritten === true && !fs.unwritten) {
    throw impossible(
      `init=${policy.init.id} needs unwritten extents, and ${fs.title} has none`,
      'choose init=zero-before-link, or another filesystem',
    )
  }
  if (policy.init.ordered === true && fs.journal !== 'jbd2' && strategy.media === 'dax') {
    throw impossible(
      `init=${policy.init.id} needs a journal with ordered data, and ${fs.title} has none`,
      'choose ext4, or another init option',
    )
  }
}
