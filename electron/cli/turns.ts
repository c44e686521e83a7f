/** A film on a terminal: who has its turn, and what it does that others can feel; or every step with what it changed. */

import type { FilmStep } from '#shared/contract/races.ts'
import { bold, count, dim, print, printable } from './output.ts'

/** Stretches of one task, with the actions that others can feel. */
export function printTurns(steps: readonly FilmStep[]): void {
  let task: string | undefined
  for (const step of steps) {
    if (!/^(begins|takes|waits|releases|changes|violates|operation|ends|is woken)/.test(step.action)) continue
    if (step.task !== task) print(`\n${bold(step.task)}`)
    task = step.task
    const line = `  ${String(step.n).padStart(4)}  ${printable(step.action)}`
    print(step.invariant === undefined ? line : bold(line))
  }
}

export function printStep({ n, task, action, phase, state, invariant }: FilmStep): void {
  const line = `${count(n).padStart(5)}  ${task.padEnd(14)} ${printable(action)}${phase === undefined ? '' : dim(`  ${phase}`)}`
  print(invariant === undefined ? line : bold(line))
  for (const [name, value] of Object.entries(state ?? {})) {
    print(dim(`       ${''.padEnd(14)} ${printable(name)}: ${value === '' ? 'gone' : printable(value)}`))
  }
}
