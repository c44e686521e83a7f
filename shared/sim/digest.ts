/**
 * The digest of a run: 64 bits over everything a kernel tells its sink, in order, with its times. Two runs with one digest
 * did the same things at the same times; a run has the same digest in every process, thread, browser, locale and time zone.
 * It tells runs apart, it protects against nobody.
 */

const PRIME_A = 0x9e3779b1
const PRIME_B = 0x85ebca6b

export class RunDigest {
  #a = 0x243f6a88
  #b = 0x13198a2e

  /** One happening: what (a small code), when, and the numbers that tell it from others of its kind. */
  add(code: number, now: number, task: number, detail: number): void {
    const low = now | 0
    const high = (now / 0x1_0000_0000) | 0
    let a = Math.imul(this.#a ^ (code + (task << 5)), PRIME_A)
    a = Math.imul((a ^ (a >>> 15)) + low, PRIME_B)
    this.#a = Math.imul((a ^ (a >>> 13)) + detail, PRIME_A)
    let b = Math.imul(this.#b + (detail ^ Math.imul(high, PRIME_A)), PRIME_B)
    b = Math.imul(b ^ (b >>> 16) ^ low, PRIME_A)
    this.#b = (b ^ (b >>> 14)) + code + (task << 5)
  }

  hex(): string {
    return word(this.#a) + word(this.#b)
  }
}

function word(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0')
}
