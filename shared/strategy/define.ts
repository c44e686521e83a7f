/**
 * A strategy as its author writes it: a preset to start from, per slot either the id of an option or an option of its own, and
 * switches. `checkDefinition` makes of it what the model takes, or says in one sentence what is wrong; it runs none of the
 * hooks.
 */

import { ApiError } from '../base/errors.ts'
import { limits } from '../base/limits.ts'
import { unknownId } from '../base/registry.ts'
import { filesystems } from '../sim/fs/index.ts'
import type { Policy } from '../sim/policies/slots.ts'
import { switches as switchSpecs } from '../sim/policies/switches.ts'
import { slots, SLOTS, strategies } from '../sim/strategies/index.ts'
import type { OwnOptions } from '../sim/strategies/own.ts'
import type { SlotName, Strategy, SwitchChoices } from '../sim/strategies/strategy.ts'

export interface StrategyDefinition {
  readonly title: string
  /** What it does, in a sentence. */
  readonly about?: string
  /** The preset whose slots and switches hold where nothing else is said; K if left out. */
  readonly base?: string
  /** What its files are; the base's if left out. */
  readonly media?: 'page-cache' | 'dax'
  /** Filesystem it is judged on; the base's if left out. */
  readonly fs?: string
  /** An option's id (`faultline list slots`), or an option of your own. */
  readonly slots?: { readonly [S in SlotName]?: string | Policy[S] }
  readonly switches?: SwitchChoices
}

const MARK = Symbol.for('faultline.strategy')

/** Marks a definition as such and checks its types; everything else happens when the file is loaded. */
export function defineStrategy(definition: StrategyDefinition): StrategyDefinition {
  return Object.assign({ ...definition }, { [MARK]: true })
}

/** What a field of an option may be: steps of its own or a plain function, or one of these values. */
type Field = 'hook' | 'flag' | 'count' | readonly string[]

const HOOK = (names: string) => Object.fromEntries(names.split(' ').map((name): [string, Field] => [name, 'hook']))

/** What an option may bring besides id, title and about, and what of it it must. */
const FIELDS: Readonly<
  Record<SlotName, { readonly needs: readonly string[]; readonly knows: Readonly<Record<string, Field>> }>
> = {
  guard: {
    needs: [],
    knows: {
      ...HOOK(
        'sample enter beforeLookup beforeInsert moved afterInsert leave removeEnter removeLeave unmapEnter unmapLeave ' +
          'invalidateEnter invalidateLeave fillEnter fillLeave',
      ),
      io: ['range'],
      locksPage: 'flag',
      usesInodeLock: 'flag',
    },
  },
  pairing: {
    needs: [],
    knows: { ...HOOK('before after beforeHole leave'), entries: 'flag', ptlOnly: 'flag', holePageFirst: 'flag' },
  },
  init: {
    needs: [],
    knows: {
      ...HOOK('beforeLink'),
      linksUnwritten: 'flag',
      finishesInAlloc: 'flag',
      zeroInHandler: 'flag',
      ordered: 'flag',
    },
  },
  cow: { needs: [], knows: { twoFaults: 'flag', handOver: ['immap', 'range', 'entry'] } },
  tx: { needs: ['beforeLocks'], knows: { beforeLocks: 'flag' } },
  enospc: { needs: ['retries', 'keepsHandle'], knows: { retries: 'count', keepsHandle: 'flag' } },
  wake: {
    needs: ['onUnlock', 'onDelete', 'passesOn'],
    knows: { onUnlock: ['one', 'all'], onDelete: ['one', 'all'], passesOn: 'flag' },
  },
}

export interface CheckedStrategy {
  readonly strategy: Strategy
  /** As written, hooks and all. */
  readonly options: OwnOptions
}

const PARTS: readonly (keyof StrategyDefinition)[] = ['title', 'about', 'base', 'media', 'fs', 'slots', 'switches']

export function checkDefinition(value: unknown, id: string): CheckedStrategy {
  if (!isObject(value) || !(MARK in value)) {
    throw wrong('its default export is not made with defineStrategy', 'write `export default defineStrategy({ … })`')
  }
  const known: readonly string[] = PARTS
  // A slot written beside `slots` would be left out unsaid, and the base judged in its name.
  for (const name of Object.keys(value)) if (!known.includes(name)) throw unknownId('field of a strategy', name, known)
  const {
    title,
    about = '',
    base = 'K',
    media,
    fs,
    slots: given = {},
    switches = {},
  } = value as unknown as StrategyDefinition
  if (typeof title !== 'string' || title.trim() === '') throw wrong('it has no title', 'say in a few words what it is')
  for (const [name, part] of Object.entries({ slots: given, switches }))
    if (!isObject(part)) throw wrong(`${name} is no object`, `write ${name}: { … } or leave it out`)
  const preset = strategies.get(String(base))
  if (media !== undefined && media !== 'page-cache' && media !== 'dax')
    throw wrong(`media is '${String(media)}'`, 'page-cache or dax')
  const options: Partial<Record<SlotName, object>> = {}
  const chosen = { ...preset.slots }
  for (const [name, option] of Object.entries(given)) {
    if (!isSlot(name)) throw unknownId('slot', name, SLOTS)
    if (typeof option === 'string') chosen[name] = slots[name].get(option).id
    else {
      options[name] = checkOption(name, option)
      chosen[name] = option.id
    }
  }
  return {
    strategy: {
      id,
      title,
      era: 'your own',
      about,
      history: '',
      protects: '',
      costs: '',
      sources: [],
      media: media ?? preset.media,
      fs: filesystems.get(String(fs ?? preset.fs)).id,
      slots: chosen,
      switches: { ...preset.switches, ...checkSwitches(switches) },
    },
    options: options as OwnOptions,
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isSlot(name: string): name is SlotName {
  return (SLOTS as readonly string[]).includes(name)
}

function checkOption(slot: SlotName, option: unknown): object {
  const where = `its option of ${slot}`
  if (!isObject(option))
    throw wrong(`${where} is neither an id nor an object`, `known ids: ${slots[slot].ids.join(', ')}`)
  const own = option as Readonly<Record<string, unknown>>
  const { id, title } = own
  if (typeof id !== 'string' || !/^[\w.-]{1,40}$/.test(id)) {
    throw wrong(`${where} has no id`, 'give it an id of letters, digits, dots and dashes')
  }
  if (slots[slot].find(id) !== undefined) throw wrong(`${where} is called ${id}, as one there is`, 'give it another id')
  if (typeof title !== 'string') throw wrong(`${where} has no title`, 'say in a few words what it is')
  const { needs, knows } = FIELDS[slot]
  for (const name of needs)
    if (own[name] === undefined) throw wrong(`${where} says nothing about ${name}`, `it needs ${needs.join(', ')}`)
  const said = Object.entries(own).filter(([, value]) => value !== undefined)
  for (const [name, value] of said) {
    if (['id', 'title', 'about'].includes(name)) continue
    if (!Object.hasOwn(knows, name)) throw unknownId(`field of ${slot}`, name, Object.keys(knows))
    const not = misfit(knows[name], value)
    if (not !== undefined) throw wrong(`${where}: ${name} is ${not}`, 'see docs/strategies.md')
  }
  return { about: '', ...Object.fromEntries(said) }
}

/** What the value is not; undefined: it is what it must be. */
function misfit(field: Field, value: unknown): string | undefined {
  if (typeof value === 'function') return field === 'hook' ? undefined : 'a function'
  if (field === 'hook') return 'no function'
  if (field === 'flag') return typeof value === 'boolean' ? undefined : 'neither true nor false'
  if (field === 'count') {
    const { strategyRetries: most } = limits
    return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= most
      ? undefined
      : `no whole number from 0 to ${most}`
  }
  return field.includes(String(value)) ? undefined : `none of ${field.join(', ')}`
}

function checkSwitches(given: object): SwitchChoices {
  for (const [name, value] of Object.entries(given) as [string, unknown][]) {
    const spec = switchSpecs.get(name)
    if (!spec.options.includes(String(value))) throw unknownId(`option of ${name}`, String(value), spec.options)
  }
  return given
}

/** An option without its hooks. */
export function plainOptions(options: OwnOptions): OwnOptions {
  return JSON.parse(JSON.stringify(options)) as OwnOptions
}

/** Names of its hooks, by slot. */
export type HookNames = Readonly<Record<string, readonly string[]>>

export function hooksOf(options: OwnOptions): HookNames {
  return Object.fromEntries(
    Object.entries(options).map(([slot, option]) => [
      slot,
      Object.entries(option).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
    ]),
  )
}

/** What stands for the options where their code must not run: it can be looked at, and running a hook is an error. */
export function withoutCode(plain: OwnOptions, hooks: HookNames): OwnOptions {
  const never = () => {
    throw new Error('the code of a strategy runs in worker threads only')
  }
  const stubs = Object.entries(plain).map(([slot, option]) => [
    slot,
    { ...option, ...Object.fromEntries((hooks[slot] ?? []).map((name) => [name, never])) },
  ])
  return Object.fromEntries(stubs) as OwnOptions
}

function wrong(what: string, hint: string): ApiError {
  return new ApiError('bad-input', what, hint)
}
