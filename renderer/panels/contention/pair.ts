/**
 * The chosen pair of the waiter × holder matrix. It belongs to the contention page only (no other page has pairs), and is
 * provided by the page so that the matrix sets it and the wait chains follow it.
 */

import { inject, provide, shallowRef, type InjectionKey, type ShallowRef } from 'vue'

export interface PairTask {
  readonly id: number
  readonly comm: string
  readonly pid: number
}
export interface ChosenPair {
  readonly waiter: PairTask
  readonly holder: PairTask
}

const key: InjectionKey<ShallowRef<ChosenPair | undefined>> = Symbol('waiter and holder')

export function providePair(): ShallowRef<ChosenPair | undefined> {
  const pair = shallowRef<ChosenPair>()
  provide(key, pair)
  return pair
}

/** Outside the page (a panel mounted alone) there is a pair of its own. */
export function usePair(): ShallowRef<ChosenPair | undefined> {
  return inject(key, () => shallowRef<ChosenPair>(), true)
}
