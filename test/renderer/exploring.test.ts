/** The form of a search and what its answer says: what is sent, what is refused, and that "safe" is never said too early. */
import { describe, expect, it } from 'vitest'
import { exploreSchema, type ExploreResult } from '#shared/contract/exploration.ts'
import { crashRunSchema, type CrashRunResult } from '#shared/contract/crash.ts'
import type { ScenarioInfo } from '#shared/contract/simulation.ts'
import {
  crashRequest,
  crashVerdict,
  exploreRequest,
  fieldsOf,
  formProblems,
  searchVerdict,
  subjectsOf,
  type ExploreForm,
} from '#renderer/panels/races/exploring.ts'
import { searchOrderView } from '#renderer/panels/lock-order/view.ts'

const pages = {
  name: 'pages',
  title: 'Pages',
  type: 'number' as const,
  unit: 'pages',
  min: 1,
  max: 512,
  default: 256,
  options: null,
  about: 'Pages',
}
const scenario = { id: 'SC3', title: 'T', params: [pages], search: { pages: 5 } } as unknown as ScenarioInfo
const form = (part: Partial<ExploreForm> = {}): ExploreForm => ({
  subject: 'SC3',
  mode: 'dfs',
  cuts: false,
  texts: {},
  set: {},
  ...part,
})
const sent = (given: ExploreForm, of: ScenarioInfo | undefined = scenario) =>
  exploreSchema.parse(exploreRequest(given, fieldsOf(given, of), 'F'))
const result = (part: Partial<ExploreResult> = {}): ExploreResult =>
  ({
    executions: 1,
    redundant: 0,
    steps: 12,
    workers: 2,
    byWorker: [],
    wallMs: 40,
    complete: true,
    incomplete: null,
    violationCount: 0,
    bound: { preemptions: 2, depth: 100, budget: 100 },
    ...part,
  }) as ExploreResult

describe('the form of a search', () => {
  it('has the size of a search as its default, and sends only what was changed', () => {
    expect(fieldsOf(form(), scenario).scenario[0]?.default).toBe(5)
    expect(exploreRequest(form(), fieldsOf(form(), scenario), 'F')).toEqual({
      scenario: 'SC3',
      strategy: 'F',
      mode: 'dfs',
      set: {},
    })
    expect(sent(form({ set: { pages: '7' }, texts: { rounds: '3', budget: '10' } }))).toMatchObject({
      set: { pages: 7 },
      rounds: 3,
      budget: 10,
    })
  })

  it('without a bound asks for any number of preemptions, and for no reduction where that was switched off', () => {
    expect(sent(form({ texts: { unbounded: 'true', all: 'true', preemptions: '4' } }))).toMatchObject({
      preemptions: null,
      reduce: false,
    })
    expect(sent(form({ texts: { preemptions: '4' } }))).toMatchObject({ preemptions: 4, reduce: true })
  })

  it('sends nothing that the chosen mode does not ask for', () => {
    const names = (mode: ExploreForm['mode'], of?: ScenarioInfo) =>
      fieldsOf(form({ mode }), of).search.map(({ name }) => name)
    expect(names('random')).toEqual(['budget', 'seed'])
    expect(names('pct', scenario)).toEqual(['preemptions', 'budget', 'rounds', 'seed'])
    expect(sent(form({ mode: 'random', texts: { unbounded: 'true', preemptions: '7' } }), undefined).preemptions).toBe(
      2,
    )
  })

  it('says what is wrong with what was typed', () => {
    const given = form({ texts: { preemptions: '21', budget: 'x' }, set: { pages: '0' } })
    expect(formProblems(given, fieldsOf(given, scenario))).toHaveLength(3)
  })

  it('asks for power cuts of the very subject that was searched', () => {
    const given = form({ cuts: true, texts: { eadr: 'true', subsets: '0', cutBudget: '50' } })
    const explored = { subject: 'SC3;pages=5', strategy: 'F', bound: { preemptions: null, depth: 1, budget: 1 } }
    expect(crashRunSchema.parse(crashRequest(given, fieldsOf(given, scenario), explored))).toMatchObject({
      subject: 'SC3;pages=5',
      eadr: true,
      subsets: 0,
      budget: 50,
      preemptions: 20,
    })
  })

  it('offers no race that is several', () => {
    const races = [
      { id: 'R18', title: '', parts: ['R18a'] },
      { id: 'R18a', title: '', parts: null },
    ] as never
    expect(subjectsOf(undefined, races)[1]?.items.map(({ id }) => id)).toEqual(['R18a'])
  })
})

describe('the verdict of a search', () => {
  it('is "nothing is violated" only of one that left nothing out', () => {
    expect(searchVerdict(result())).toMatchObject({ tone: 'ok', title: 'Nothing is violated' })
    const cut = searchVerdict(result({ complete: false, incomplete: 'the budget was used up' }))
    expect(cut).toMatchObject({ tone: 'info', title: expect.stringContaining('does not mean safe') as string })
    expect(cut.words).toContain('Not complete: the budget was used up')
    expect(searchVerdict(result({ violationCount: 2, complete: false })).title).toBe('2 violations')
  })

  it('of power cuts likewise', () => {
    const crash = {
      points: 3,
      states: 4,
      executions: 1,
      steps: 9,
      violations: [],
      wallMs: 1,
    } as unknown as CrashRunResult
    expect(crashVerdict({ ...crash, complete: true }, 2).tone).toBe('ok')
    expect(crashVerdict({ ...crash, complete: false }, 2).title).toContain('does not mean all do')
  })
})

describe('the lock order of a search', () => {
  const order = {
    edges: [
      ['handle', 'i_mmap', 'puncher, move 44'],
      ['i_mmap', 'handle', 'faulter, move 12'],
      ['i_mmap', 'folio', 'a, b, move 3'],
    ],
    cycles: [['handle', 'i_mmap']],
  } as const

  it('has who showed each order first and in which move, and the circle below the diagonal', () => {
    const view = searchOrderView(order)
    expect(view.edges.map(({ task, at }) => [task, at])).toEqual([
      ['puncher', 43],
      ['faulter', 11],
      ['a, b', 2],
    ])
    expect(view.circles).toHaveLength(1)
    expect(view.matrix.cells.filter(({ below }) => below)).toHaveLength(1)
  })

  it('as lockdep would have seen it has no bit in it', () => {
    expect(searchOrderView(order, true).edges.some(({ to }) => to === 'folio')).toBe(false)
  })
})
