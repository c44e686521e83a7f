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
}
