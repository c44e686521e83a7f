/**
 * What exploring the scenarios finds, shortened, one line each: scenario, strategy, invariant, schedule. A change of the model that
 * changes them renews the file (`node bin/run.mjs test/explore/print-schedules.ts > test/explore/schedules.txt`) and says why.
 */
import { minimise } from '#shared/explore/minimise.ts'
import { encodeSchedule } from '#shared/explore/schedule.ts'
import { findingKey, Search } from '#shared/explore/search.ts'
import { scenarioSubject } from '#shared/explore/subject.ts'
import { scenarios } from '#shared/sim/scenarios/index.ts'
import { strategies } from '#shared/sim/strategies/index.ts'

/** Schedules from each end of the tree, and lines for one scenario under one strategy: one per invariant. */
const EXECUTIONS = 1_500

for (const scenario of scenarios.ids) {
  for (const strategy of strategies.ids) {
    const subject = scenarioSubject({ scenario, strategy, params: scenarios.get(scenario).search ?? {} })
    const found = [0, 1].flatMap((lane) => {
      const options = { preemptions: 2, depth: 100_000, reduce: true, lane }
      const search = new Search(subject, { prefix: [], sleepers: [] }, options)
      while (search.executions < EXECUTIONS && search.next());
      return search.result().found
    })
    const seen = new Set<string>()
    for (const { key, moves } of found) {
      const [invariant] = key.split(' ')
      if (seen.has(invariant)) continue
      seen.add(invariant)
      const short = minimise(subject, moves, ({ findings }) =>
        findings.some((one) => findingKey(one.invariant, one.message) === key),
      )
      const schedule = encodeSchedule({ subject: subject.id, strategy: subject.strategy, moves: short.moves })
      process.stdout.write(`${[scenario, strategy, invariant, short.preemptions, schedule].join(' ')}\n`)
    }
  }
}
