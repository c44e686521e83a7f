/** A run that uses up its budget of happenings ends there, and says so in its answer and in its trace. */
import { expect, it } from 'vitest'
import { runInto } from '#electron/engine/sim-run.ts'
import type { Diagnostic } from '#shared/model/trace.ts'

const spec = { scenario: 'SC1', strategy: 'F', slots: {}, set: { durationMs: 200 }, seed: 1 }

async function runWith(maxEvents: number) {
  let diagnostics: readonly Diagnostic[] = []
  const sink = {
    events: () => undefined,
    spans: () => undefined,
    end: (end: { readonly diagnostics: readonly Diagnostic[] }) => void (diagnostics = end.diagnostics),
  }
  const host = { stopped: () => false, room: () => Promise.resolve(), onProgress: () => undefined, maxEvents }
  return { outcome: await runInto(spec, sink, host), budget: diagnostics.filter(({ code }) => code === 'sim-budget') }
}

it('a run says that its budget was used up', async () => {
  const { outcome, budget } = await runWith(100_000)
  expect(outcome.truncated).toBe(true)
  expect(outcome.simulatedNs).toBeLessThan(200e6)
  expect(budget.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^the run stopped at \d+ of 200000000 ns: its budget of 100000 happenings was used up$/),
  ])
})

it('and one that did not says nothing', async () => {
  const { outcome, budget } = await runWith(100_000_000)
  expect(outcome.truncated).toBe(false)
  expect(budget).toEqual([])
})
