/**
 * Files as events name them: `dev 259,0 ino 12` (ext4, jbd2: decimal), `dev 259:0 ino 0xc` (fs_dax, xfs: hexadecimal),
 * `dev=259:0 ino=c` (filemap: hexadecimal without prefix). All three become one inode id; each spelling is parsed once.
 * Where records are printed field by field the device is one number (include/linux/kdev_t.h): `dev=271581184 ino=12`.
 */

import { ByteInterner } from '../base/bytes.ts'
import { limits } from '../base/limits.ts'
import type { TraceBuilder } from '../model/builder.ts'
import { DEV_MINOR, key, type EventFields } from './fields.ts'

const DEV = key('dev')
const INO = key('ino')
const S_DEV = key('s_dev')
const I_INO = key('i_ino')
/** include/linux/kdev_t.h: MINORBITS */
const MINORS = 2 ** 20
/** Inodes that were told of lately: a power of two. */
const LATE = 4096

interface NumberedInode {
  readonly major: number
  readonly minor: number
  readonly inode: number
  readonly id: number
}

export class Inodes {
  readonly #builder: TraceBuilder
  readonly #spellings = new ByteInterner('spellings of inodes', limits.entities)
  readonly #ids: number[] = []
  readonly #late: (NumberedInode | undefined)[] = new Array<undefined>(LATE).fill(undefined)

  constructor(builder: TraceBuilder) {
    this.#builder = builder
  }

  /** Major and minor device and inode number. */
  id(major: number, minor: number, inode: bigint | number): number {
    return this.#builder.inodes.id(`${major}:${minor}:${inode}`)
  }

  /** The first `dev … ino …` of a payload; -1 where there is none. `hex`: bare numbers are hexadecimal. */
  of(fields: EventFields, hex = false): number {
    const minor = fields.told(DEV_MINOR, 10)
    if (minor !== minor) return this.#read(fields, hex)
    const major = fields.told(DEV, 10)
    const inode = fields.told(INO, hex ? 16 : 10)
    return major >= 0 && minor >= 0 && inode >= 0 ? this.#numbered(major, minor, inode) : this.#read(fields, hex)
  }

  /** Few files are told of again and again. */
  #numbered(major: number, minor: number, inode: number): number {
    const slot = (inode ^ (minor << 4)) & (LATE - 1)
    const late = this.#late[slot]
    if (late?.inode === inode && late.minor === minor && late.major === major) return late.id
    const id = this.id(major, minor, inode)
    this.#late[slot] = { major, minor, inode, id }
    return id
  }

  #read(fields: EventFields, hex: boolean): number {
    const { bytes, to } = fields
    const from = fields.from
    if (bytes[from] === 0x69) return this.#inodeFirst(fields, hex)
    let end = -1
    for (let i = from + 4; i + 4 < to; i++) {
      if (
        bytes[i] === 0x69 &&
        bytes[i + 1] === 0x6e &&
        bytes[i + 2] === 0x6f &&
        (bytes[i + 3] === 0x20 || bytes[i + 3] === 0x3d)
      ) {
        end = i + 4
        break
      }
    }
    if (end === -1) return -1
    while (end < to && bytes[end] !== 0x20 && bytes[end] !== 0x2c) end++
    const spelling = this.#spellings.intern(bytes, from, end)
    if (spelling === this.#ids.length) this.#ids.push(this.#parse(this.#spellings.text(spelling), hex))
    return this.#ids[spelling]
  }

  /** `ino=0xc … dev=271581184`, `i_ino=c s_dev=271581184`. */
  #inodeFirst(fields: EventFields, hex: boolean): number {
    const told = fields.find(I_INO) < 0 ? { inode: INO, device: DEV } : { inode: I_INO, device: S_DEV }
    const device = fields.numberAt(fields.find(told.device), 10)
    const inode = fields.numberAt(fields.find(told.inode), hex ? 16 : 10)
    return device >= 0 && inode >= 0 ? this.#numbered(Math.floor(device / MINORS), device % MINORS, inode) : -1
  }

  #parse(text: string, hex: boolean): number {
    const match = /^dev[ =](?:(\d+)[,:](\d+)|(0x[0-9a-f]+|\d+)(?: \(\d+\))?) ino[ =](0x)?([0-9a-f]+)$/i.exec(text)
    if (match === null) return -1
    const [, major, minor, device, prefix, digits] = match
    if (prefix === undefined && !hex && /[a-f]/i.test(digits)) return -1
    const inode = BigInt(prefix !== undefined || hex ? `0x${digits}` : digits)
    if (device === undefined) return this.id(Number(major), Number(minor), inode)
    return this.id(Math.floor(Number(device) / MINORS), Number(device) % MINORS, inode)
  }
}
