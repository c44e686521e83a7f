/** What the simulated kernel and the races offer, as pages: strategies, slots, scenarios, races, invariants. */

import type { RaceInfo } from '#shared/contract/races.ts'
import type { ParamInfo, ScenarioInfo, SimCatalog, StrategyInfo } from '#shared/contract/simulation.ts'
import { code, escaped, page, table } from './markdown.ts'

export function strategiesPage({ strategies, slots, assumptions }: SimCatalog): string {
  const slotParts = slots.map(({ id, slot, title, options }) =>
    [
      `### ${slot === null ? id : `${id} (${slot})`}`,
      escaped(title),
      table(
        ['option', ''],
        options.map(({ id: option, about }) => [code(`${id}=${option}`), escaped(about)]),
      ),
    ].join('\n\n'),
  )
  return page('Strategies and their slots', 'the registry of the simulated kernel', [
    `A strategy is named by its id wherever one is asked for, with options of slots replaced where wanted: ${code('F,tx=tx-before-locks')}. One of your own: [strategies](../strategies.md).`,
    ...strategies.map(strategyPart),
    '## Slots and switches',
    ...slotParts,
    '## What the model assumes and leaves out',
    assumptions.map((text) => `- ${escaped(text)}`).join('\n'),
  ])
}

function strategyPart({ id, title, era, about, history, protects, costs, sources, slots }: StrategyInfo): string {
  const set = Object.entries(slots).map(([slot, option]) => code(`${slot}=${option}`))
  return [
    `## ${id}: ${escaped(title)}`,
    `${escaped(about)} ${escaped(history)}`,
    `- When: ${escaped(era)}\n- Protects: ${escaped(protects)}\n- Costs: ${escaped(costs)}\n- Slots: ${set.join(', ')}\n- Sources: ${sources.map(escaped).join('; ')}`,
  ].join('\n\n')
}

export function scenariosPage({ scenarios, costs }: SimCatalog): string {
  return page('Scenarios and their parameters', 'the registry of the simulated kernel', [
    'A search of schedules (`explore`, the verdicts of `compare`) has no clock: it finds what goes wrong, not how long something takes. Each actor makes one round (`--rounds`) with the parameters under "In a search"; what is expected with parameters other than the defaults is found with those (`--set`).',
    ...scenarios.map(scenarioPart),
    '## Costs every scenario takes',
    params(costs),
  ])
}

function scenarioPart(scenario: ScenarioInfo): string {
  const { id, title, question, about, strategies, filesystems, search, expected } = scenario
  return [
    `## ${id}: ${escaped(title)}`,
    `${escaped(question)} ${escaped(about)}`,
    `Compares ${strategies.join(', ')} on ${filesystems.join(', ')}.`,
    params(scenario.params),
    `In a search: ${Object.entries(search)
      .map(([name, value]) => code(`${name}=${String(value)}`))
      .join(', ')}.`,
    `Expected, and held to by tests:\n\n${expected.map((text) => `- ${escaped(text)}`).join('\n')}`,
  ].join('\n\n')
}

function params(list: readonly ParamInfo[]): string {
  return table(
    ['`--set`', 'what', 'values', 'default'],
    list.map(({ name, title, type, unit, min, max, options, default: usual }) => [
      code(name),
      escaped(title),
      escaped(type === 'number' ? `${min} … ${max}${unit === null ? '' : ` ${unit}`}` : (options ?? []).join(', ')),
      escaped(String(usual)),
    ]),
  )
}

export function racesPage(races: readonly RaceInfo[], { invariants }: SimCatalog): string {
  return page('Races and invariants', 'the registries of races and invariants', [
    `Run one with ${code('faultline race R05 --strategy E')}, all with ${code('faultline verdicts')}.`,
    ...races.map(({ id, title, about, severity, invariants: violated, parts, sources }) =>
      [
        `## ${id}: ${escaped(title)}`,
        escaped(about),
        `- Severity: ${severity}\n- ${parts === null ? `Violates: ${violated.join(', ')}` : `Any of: ${parts.join(', ')}`}\n- Sources: ${sources.map(escaped).join('; ')}`,
      ].join('\n\n'),
    ),
    '## Invariants',
    table(
      ['id', 'title', 'severity', ''],
      invariants.map(({ id, title, severity, about }) => [id, escaped(title), severity, escaped(about)]),
    ),
  ])
}
