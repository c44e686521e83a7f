/**
 * Input that is read in any order: what a format needs whose parts point at each other. Hosts give it a file, or what they
 * spooled of a stream; decompression is theirs too, since `shared/` has none.
 */

export interface RandomFile {
  /** Bytes. */
  readonly size: number
  /** `length` bytes at `offset`, fewer at the end of the file. Valid until the next read. */
  read(offset: number, length: number): Uint8Array
  /** Undoes one zstd or zlib frame that must give at most `most` bytes, in memory of its own; throws on damage. */
  inflate(method: 'zstd' | 'zlib', bytes: Uint8Array, most: number): Uint8Array
  /** The same for a zstd frame that was flushed and never ended. */
  inflateOpen(bytes: Uint8Array, most: number): Uint8Array
  /** What `inflate` gave is not looked at any more. Memory that waits for the collector makes it run often, and in vain. */
  release?(inflated: Uint8Array): void
}

/** One stretch after another of a file, read in larger pieces than it is asked for: small reads cost a system call each. */
export class ReadAhead {
  readonly #file: RandomFile
  /** Where the stretch ends in the file. */
  readonly #end: number
  readonly #ahead: number
  #bytes: Uint8Array = new Uint8Array(0)
  #from = 0
  #length = 0

  constructor(file: RandomFile, end: number, ahead: number) {
    this.#file = file
    this.#end = end
    this.#ahead = ahead
  }

  /** `length` bytes at `offset`, fewer at the end of the file. Valid until the next call. */
  read(offset: number, length: number): Uint8Array {
    if (offset < this.#from || offset + length > this.#from + this.#length) this.#fill(offset, length)
    const at = offset - this.#from
    return this.#bytes.subarray(at, Math.min(at + length, this.#length))
  }

  #fill(offset: number, length: number): void {
    const bytes = this.#file.read(offset, Math.max(length, Math.min(this.#ahead, this.#end - offset)))
    if (bytes.length > this.#bytes.length) this.#bytes = new Uint8Array(bytes.length)
    this.#bytes.set(bytes)
    this.#from = offset
    this.#length = bytes.length
  }
}
