/**
 * A registry: a fixed, ordered set of things with ids (formats, analyses, verbs, commands). A duplicate id is a bug; an
 * unknown id is answered with the nearest known ones, so that a typing error costs one look.
 */

import { ApiError } from './errors.ts'
import { assert } from './assert.ts'

export interface Registry<T extends { readonly id: string }> {
  readonly items: readonly T[]
  readonly ids: readonly string[]
  find(id: string): T | undefined
  /** Throws ApiError `unknown-id` that names the nearest ids and all of them. */
  get(id: string): T
}

export function registry<T extends { readonly id: string }>(what: string, items: readonly T[]): Registry<T> {
  const byId = new Map<string, T>()
  for (const item of items) {
    assert(!byId.has(item.id), `${what} ${item.id} is registered twice`)
    byId.set(item.id, item)
  }
  const ids = [...byId.keys()]
  return {
    items,
    ids,
    find: (id) => byId.get(id),
    get(id) {
      const found = byId.get(id)
      if (found === undefined) throw unknownId(what, id, ids)
      return found
    },
  }
}

/** No id of ours is nearly as long: of what is longer the beginning is said, and nothing is near it. */
const ID_CHARS = 200

export function unknownId(what: string, given: string, known: readonly string[]): ApiError {
  const id = given.length > ID_CHARS ? `${given.slice(0, ID_CHARS)}…` : given
  const near = nearest(id, known)
  const guess = near.length > 0 ? `did you mean ${near.join(' or ')}? ` : ''
  return new ApiError('unknown-id', `unknown ${what} '${id}'`, `${guess}known: ${known.join(', ')}`)
}

/** Up to three known ids within an edit distance of a third of the word, nearest first. One with no letter of it is not near. */
export function nearest(id: string, known: readonly string[]): string[] {
  if (id.length > ID_CHARS) return []
  const limit = Math.max(1, Math.ceil(id.length / 3))
  return known
    .map((candidate) => ({ candidate, distance: editDistance(id.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => (distance <= limit && distance < id.length) || candidate.startsWith(id))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate)
}

/** Insert, delete, replace and swap two neighbours, the commonest slip of all, count one each. */
function editDistance(a: string, b: string): number {
  let beforeThat: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const substitute = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = swapped ? beforeThat[j - 2] + 1 : substitute
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, substitute, swap))
    }
    beforeThat = previous
    previous = row
  }
  return previous[b.length]
}
