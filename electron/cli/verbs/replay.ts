/** `faultline replay`: one schedule, step by step, as `explore`, `race` and the window print it. */

import { flag, json, text } from '../options.ts'
import { bold, note, plural, print, printable, printJson } from '../output.ts'
import { printStep, printTurns } from '../turns.ts'
import { verb } from './verb.ts'

export const replay = verb({
  id: 'replay',
  about: 'play a schedule back, step by step',
  args: [{ name: '<SCHEDULE>', about: "fl1:…, in quotes: '…'" }],
  options: {
    strategy: text(
      'S',
      'the same moves under another strategy, as far as they can be made; or the file of its own (./mine.ts)',
    ),
    turns: flag('print only the turns, without what each step changed'),
    json,
  },
  async run(session, [schedule], options) {
    const result = await session.call('schedule.replay', {
      schedule,
      ...(options.strategy === undefined ? {} : { strategy: options.strategy }),
    })
    if (options.json) {
      printJson(result)
      return 0
    }
    if (result.schedule !== schedule.trim()) note(`not as it was made: now ${result.schedule}`)
    const { subject, strategy, fs, outcome, invariants, findings, preemptions, steps } = result
    const which = invariants.length === 0 ? '' : ` (${invariants.join(', ')})`
    print(`${bold(subject)} under ${strategy} on ${fs}: ${bold(outcome)}${which}, ${plural(preemptions, 'preemption')}`)
    for (const { invariant, message } of findings) print(`  ${invariant} ${printable(message)}`)
    if (options.turns) printTurns(steps)
    else steps.forEach(printStep)
    note(plural(steps.length, 'step'))
    return 0
  },
})
