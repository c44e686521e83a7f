/**
 * How compared runs look, by their position: colour token, dash pattern and badge. Five colours; from the sixth run on they
 * come again with other dashes, so that no two of ten runs share both. The badge shows the strategy's id; one with
 * replaced slots gets a prime (F′), a second one two.
 */

export interface RunLook {
  /** Token of the fill, and of the ink on it. */
  readonly color: string
  readonly ink: string
  /** Token of the badge's fill. Runs whose colour comes again have an outlined badge. */
  readonly badge: string
  readonly badgeInk: string
  /** px on, px off; empty: solid. The first run is the baseline. */
  readonly dash: readonly number[]
  readonly width: number
}

const LETTERS = ['a', 'b', 'c', 'd', 'e'] as const
const DASHES: readonly (readonly number[])[] = [
  [],
  [7, 3],
  [2, 3],
  [9, 3, 2, 3],
  [12, 4],
  [4, 2],
  [1, 4],
  [6, 2, 1, 2],
  [16, 3],
  [3, 6],
]

export function runLook(position: number): RunLook {
  const letter = LETTERS[position % LETTERS.length]
  return {
    color: `run-${letter}`,
    ink: `run-${letter}-on`,
    ...(position < LETTERS.length
      ? { badge: `run-${letter}`, badgeInk: `run-${letter}-on` }
      : { badge: `run-${letter}-soft`, badgeInk: 'text' }),
    dash: DASHES[position % DASHES.length],
    width: position === 0 ? 2 : 1.6,
  }
}

const PRIMES = ['', '′', '″', '‴']
/** Characters: ids of presets are short, names of strategy files are not. */
const LONGEST = 12

/** One badge per strategy text (`F`, `F,tx=tx-before-locks`, `mine.ts#1a2b3c4d`), in their order; no two are the same. */
export function badgesOf(texts: readonly string[]): string[] {
  const used = new Set<string>()
  return texts.map((text) => {
    const id = shortened((text.split(',')[0] ?? text).replace(/#[0-9a-f]{8}$/, ''))
    let nth = text.includes(',') ? 1 : 0
    while (used.has(id + primes(nth))) nth++
    used.add(id + primes(nth))
    return id + primes(nth)
  })
}

const primes = (nth: number): string => PRIMES[nth] ?? `′${nth}`
const shortened = (id: string): string => (id.length > LONGEST ? `${id.slice(0, LONGEST - 1)}…` : id)
