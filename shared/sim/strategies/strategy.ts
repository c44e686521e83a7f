/**
 * A strategy: one option per policy slot and the switches that differ from their defaults. A preset is a
 * strategy with a name and a history; nothing outside this folder knows a preset's name.
 */

import type { Switches } from '../policies/slots.ts'

export const SLOTS = ['guard', 'pairing', 'init', 'cow', 'tx', 'enospc', 'wake'] as const
export type SlotName = (typeof SLOTS)[number]
export type SlotChoices = Readonly<Record<SlotName, string>>
export type SwitchChoices = Readonly<Partial<Record<keyof Switches, string | boolean>>>

export interface Strategy {
  readonly id: string
  readonly title: string
  /** Kernel versions, or where it was proposed. */
  readonly era: string
  readonly about: string
  readonly history: string
  readonly protects: string
  readonly costs: string
  readonly sources: readonly string[]
  /** What its files are: pages in memory, or persistent memory mapped directly. */
  readonly media: 'page-cache' | 'dax'
  /** Filesystem it is judged on. */
  readonly fs: string
  readonly slots: SlotChoices
  readonly switches: SwitchChoices
}

/** A preset with overrides: plain data, the same in every process. */
export interface ResolvedStrategy {
  readonly id: string
  /** As it was asked for: `F,tx=tx-before-locks`. */
  readonly label: string
  readonly media: Strategy['media']
  readonly fs: string
  readonly slots: SlotChoices
  readonly switches: Switches
}
