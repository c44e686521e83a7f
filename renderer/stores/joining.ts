/**
 * Several files at once: whether they are traces of their own or one on a common time axis is asked, never guessed, with
 * an offset for each that has another clock. A kallsyms among them is no trace but names for the others; with just one
 * trace there is nothing to ask.
 */

import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import { nameOf, type Joined, type Openable } from './import-jobs.ts'

/** What is opened together, as one tab. */
export interface Opened {
  readonly what: Openable
  readonly joined?: Joined | undefined
  readonly kallsyms?: Openable | undefined
}

export interface JoinQuestion {
  readonly files: readonly Openable[]
  readonly kallsyms: Openable | undefined
}

/** undefined: nothing is opened after all. */
type Answer = readonly Opened[] | undefined

const KALLSYMS = /kallsyms|system\.map/i
const OWN = /\.faultline$/i

export const useJoiningStore = defineStore('joining', () => {
  const question = shallowRef<JoinQuestion>()
  let answered: ((answer: Answer) => void) | undefined

  function answer(with_: Answer): void {
    question.value = undefined
    answered?.(with_)
    answered = undefined
  }
  const separately = ({ files, kallsyms }: JoinQuestion): readonly Opened[] => files.map((what) => ({ what, kallsyms }))

  /** What is to be opened, once that is clear. */
  async function ask(what: readonly Openable[]): Promise<readonly Opened[]> {
    const kallsyms = what.length < 2 ? undefined : what.find((one) => KALLSYMS.test(nameOf(one)))
    const files = what.filter((one) => one !== kallsyms)
    const asked = { files, kallsyms }
    // A saved trace is what it is: it takes no others in.
    if (files.length < 2 || files.some((one) => OWN.test(nameOf(one)))) return separately(asked)
    answer(undefined)
    question.value = asked
    return (await new Promise<Answer>((resolve) => (answered = resolve))) ?? []
  }
  function openEach(): void {
    if (question.value) answer(separately(question.value))
  }
  /** `offsets`: ns by file; the first stays where it is, so that moving it is moving the others the other way. */
  function join(align: Joined['align'], offsets: readonly number[]): void {
    if (!question.value) return
    const { files, kallsyms } = question.value
    const more = files.slice(1).map((what, i) => ({ what, offsetNs: offsets[i + 1] - offsets[0] }))
    answer([{ what: files[0], joined: { more, align }, kallsyms }])
  }
  return { question, ask, openEach, join, refuse: () => answer(undefined) }
})
