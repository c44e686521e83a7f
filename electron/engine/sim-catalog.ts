/**
 * The catalogue of the simulator as the contract has it: scenarios with their parameters, strategies with their history,
 * slots and switches with their options, costs with their ranges and sources. Everything comes from the model's registries;
 * nothing is listed here.
 */

import type { ParamInfo, ScenarioInfo, SimCatalog, SlotInfo, StrategyInfo } from '#shared/contract/simulation.ts'
import { COSTS, type CostSpec } from '#shared/sim/costs.ts'
import { filesystems } from '#shared/sim/fs/index.ts'
import { MACHINE_SETTINGS, type MachineSetting } from '#shared/sim/machine-costs.ts'
import { invariants } from '#shared/sim/invariants/invariants.ts'
import { switches } from '#shared/sim/policies/switches.ts'
import { slots, SLOTS, strategies } from '#shared/sim/strategies/index.ts'

/** What holds for every run; a scenario's own come on top. */
export const ASSUMPTIONS = [
  'Costs are those of one named machine (a bare-metal server with Optane-class persistent memory); most are measured or published, the rest are estimates that say so.',
  'Ratios between strategies are more trustworthy than absolute figures.',
  'There is one run queue for all CPUs, and one per CPU only where a recorded trace is replayed; interrupts, NUMA, priorities other than one urgent class, load balancing and memory pressure are not modelled.',
  'Caches, TLBs and store buffers cost time but never reorder what other CPUs see.',
  'Operations per second are loads, stores and system calls that succeeded; a load or store counts once, whatever faults it took. Compared latencies are of operations that succeeded.',
  'Runs that are compared draw the same random numbers per task and step, so that they differ by strategy and not by luck.',
] as const

/** Questions the seven slots answer. */
const SLOT_QUESTIONS: Readonly<Record<(typeof SLOTS)[number], string>> = {
  guard: 'what stops a fault racing truncate and punch',
  pairing: 'what serialises two faults on one page',
  init: 'how a fresh block becomes safe',
  cow: 'who finishes a copy-on-write fault',
  tx: 'where a transaction starts',
  enospc: 'what happens when there is no space',
  wake: 'who is woken when a page or entry lock goes',
}

/** What of the model may be set besides a scenario's parameters, whatever the scenario: its prices and its machine. */
export const MODEL_SETTINGS: readonly ParamInfo[] = [...COSTS.map(costInfo), ...MACHINE_SETTINGS.map(machineInfo)]

export function catalogOf(scenarios: readonly ScenarioInfo[]): SimCatalog {
  return {
    scenarios,
    strategies: strategies.items.map(
      ({ id, title, era, about, history, protects, costs, sources, slots: chosen, switches: set }): StrategyInfo => ({
        id,
        title,
        era,
        about,
        history,
        protects,
        costs,
        sources,
        slots: { ...chosen, ...Object.fromEntries(Object.entries(set).map(([name, value]) => [name, String(value)])) },
      }),
    ),
    slots: [...SLOTS.map(slotInfo), ...switches.items.map(switchInfo)],
    filesystems: filesystems.items.map(({ id, title, about }) => ({ id, title, about })),
    invariants: invariants.items.map(({ id, title, about, severity }) => ({ id, title, about, severity })),
    costs: MODEL_SETTINGS,
    assumptions: ASSUMPTIONS,
  }
}

function slotInfo(id: (typeof SLOTS)[number], i: number): SlotInfo {
  return {
    id,
    title: SLOT_QUESTIONS[id],
    slot: `P${i + 1}`,
    default: null,
    options: slots[id].items.map(({ id: option, title, about }) => ({ id: option, title, about })),
  }
}

function switchInfo({ id, title, about, options, default: usual }: (typeof switches.items)[number]): SlotInfo {
  return {
    id,
    title: `${title}: ${about}`,
    slot: null,
    default: usual,
    options: options.map((option) => ({ id: option, title: option, about: '' })),
  }
}

function costInfo({ id, title, ns, min, max, basis }: CostSpec): ParamInfo {
  return { name: id, title, type: 'number', unit: 'ns', min, max, default: ns, options: null, about: basis }
}

function machineInfo({ id, title, unit, value, min, max, basis }: MachineSetting): ParamInfo {
  return { name: id, title, type: 'number', unit: unit ?? null, min, max, default: value, options: null, about: basis }
}
