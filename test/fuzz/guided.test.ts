/** The coverage-guided search: it finds what chance does not, and for a moment nothing in any reader. */

import { describe, expect, it } from 'vitest'
import { formats } from '#shared/formats/index.ts'
import { guided } from './guided.ts'
import { maze } from './maze.ts'
import { targetOf } from './readers.ts'

describe('a guided search', () => {
  const target = { run: maze, seeds: [Buffer.alloc(64, 0x2e)] }

  it('finds the way through checks behind each other, and hands back the input that did', () => {
    const { failure } = guided({ ...target, covers: (url) => url.includes('maze') }, { seed: 1, attempts: 4_000 })
    expect(failure?.error).toMatchObject({ message: 'the end of the maze' })
    expect(() => maze(failure?.input ?? Buffer.alloc(0))).toThrow('the end of the maze')
  })

  it('does not find it where it cannot see what ran', () => {
    expect(guided({ ...target, covers: () => false }, { seed: 1, attempts: 4_000 }).failure).toBeUndefined()
  })

  it.each(formats.items)('finds nothing in the reader of $id in a moment', ({ id }) => {
    const { failure, kept } = guided(targetOf(id), { seed: 20_261_121, attempts: 150 })
    expect(failure?.error).toBeUndefined()
    expect(kept).toBeGreaterThan(0)
  })
})
