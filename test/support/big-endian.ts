/**
 * A trace.dat of version 6 as the same kernel would have written it on a machine that has the highest byte first (s390x,
 * ppc64): every number of the container, of the pages (kernel/trace/ring_buffer.c) and of the records turned round in its
 * place, bit fields laid from the high end, texts as they are. Written from trace-cmd.dat.v6(5), ring_buffer.h and the
 * formats in the file, independently of the reader; what it does not know of is an error.
 */

interface Field {
  readonly offset: number
  readonly size: number
  readonly element: number
  readonly dynamic: boolean
}

type Formats = ReadonlyMap<number, readonly Field[]>

const FIELD = /field:([^;]+);\s*offset:(\d+);\s*size:(\d+);/g
/** RINGBUF_TYPE_PADDING, _TIME_EXTEND and _TIME_STAMP. */
const [PADDING, EXTEND, STAMP] = [29, 30, 31]

export function asBigEndian(little: Uint8Array): Buffer {
  return new Turner(little).turned()
}

class Turner {
  readonly #bytes: Buffer
  readonly #formats = new Map<number, readonly Field[]>()
  #at = 0
  #pageSize = 0
  #cpus = 0
  #tables: number[] = []

  constructor(little: Uint8Array) {
    this.#bytes = Buffer.from(little)
  }

  turned(): Buffer {
    const bytes = this.#bytes
    this.#at = 10
    if (this.#text() !== '6') throw new Error('only version 6 is turned')
    bytes[this.#at] = 1
    this.#at += 2
    this.#pageSize = this.#number(4)
    for (const name of ['header_page', 'header_event']) {
      if (this.#text() !== name) throw new Error(`no ${name}`)
      this.#skip(8)
    }
    for (let left = this.#number(4); left > 0; left--) this.#format()
    for (let systems = this.#number(4); systems > 0; systems--) {
      this.#text()
      for (let left = this.#number(4); left > 0; left--) this.#format()
    }
    this.#skip(4)
    this.#skip(4)
    this.#skip(8)
    this.#cpus = this.#number(4)
    this.#tables.push(this.#at)
    for (const table of this.#tables) this.#table(table)
    return bytes
  }

  /** The number at hand, of the little file; turned round. */
  #number(size: number): number {
    const value = turn(this.#bytes, this.#at, size)
    this.#at += size
    return value
  }

  /** What a number says is long. */
  #skip(size: number): void {
    const length = this.#number(size)
    this.#at += length
  }

  #text(): string {
    const end = this.#bytes.indexOf(0, this.#at)
    const text = this.#bytes.toString('latin1', this.#at, end)
    this.#at = end + 1
    return text
  }

  #format(): void {
    const size = this.#number(8)
    const text = this.#bytes.toString('latin1', this.#at, this.#at + size)
    this.#at += size
    const id = Number(/^ID: (\d+)/m.exec(text)?.[1])
    const fields = [...text.matchAll(FIELD)].map(([, declared, offset, length]) => ({
      ...{ offset: Number(offset), size: Number(length), dynamic: declared.startsWith('__data_loc') },
      element: elementOf(declared, Number(length)),
    }))
    this.#formats.set(id, fields)
  }

  #table(from: number): void {
    this.#at = from
    let name = this.#text()
    if (name === 'options  ') {
      while (this.#option());
      name = this.#text()
    }
    if (name !== 'flyrecord') throw new Error(`${name} instead of data`)
    for (let cpu = 0; cpu < this.#cpus; cpu++) {
      const [at, size] = [this.#number(8), this.#number(8)]
      for (let page = at; page < at + size; page += this.#pageSize) turnPage(this.#bytes, page, this.#formats)
    }
  }

  #option(): boolean {
    const id = this.#number(2)
    if (id === 0) return false
    const size = this.#number(4)
    const next = this.#at + size
    // BUFFER, whose data have a table of their own; CPUCOUNT; TRACEID; TSC2NSEC. The others are texts.
    if (id === 3) this.#tables.push(this.#number(8))
    else if (id === 8) this.#number(4)
    else if (id === 11) this.#number(8)
    else if (id === 14) [4, 4, 8].forEach((width) => this.#number(width))
    else if (id > 7 && id !== 9 && id !== 10) throw new Error(`option ${id} is not known`)
    this.#at = next
    return true
  }
}

/** Bytes of one number of a field; 1 of texts. */
function elementOf(declared: string, size: number): number {
  const array = /\[(\d*)\]/.exec(declared)
  if (array === null) return size
  if (/\bchar\b|\b(?:__)?[us]8\b/.test(declared)) return 1
  if (/\blong\b|\b(?:__)?[us]64\b|\bsize_t\b/.test(declared)) return 8
  if (/\bint\b|\b(?:__)?[us]32\b/.test(declared)) return 4
  throw new Error(`an array of unknown numbers: ${declared}`)
}

/** Turns a number round in its place and says what it was. */
function turn(bytes: Buffer, at: number, size: number): number {
  const part = bytes.subarray(at, at + size)
  const value = size === 8 ? Number(part.readBigUInt64LE()) : size === 1 ? part[0] : part.readUIntLE(0, size)
  part.reverse()
  return value
}

/** A page's time and commit word are turned whole, the count of lost events behind its data too, where it is. */
function turnPage(bytes: Buffer, page: number, formats: Formats): void {
  const commit = bytes.readUInt32LE(page + 8)
  turn(bytes, page, 8)
  turn(bytes, page + 8, 8)
  const end = page + 16 + (commit & 0x07ff_ffff)
  if (commit >>> 30 === 3) turn(bytes, end, 8)
  let at = page + 16
  while (at < end) {
    const head = bytes.readUInt32LE(at)
    const [type, delta] = [head & 31, head >>> 5]
    bytes.writeUInt32BE(((type << 27) | delta) >>> 0, at)
    at += 4
    if (type === PADDING && delta === 0) return
    let length = type * 4
    if (type === PADDING) {
      at += turn(bytes, at, 4)
      continue
    }
    if (type === EXTEND || type === STAMP) length = 4
    else if (type === 0) length = bytes.readUInt32LE(at) - 4
    if (type === 0 || type === EXTEND || type === STAMP) turn(bytes, at, 4)
    if (type === 0) at += 4
    if (type !== EXTEND && type !== STAMP) turnRecord(bytes.subarray(at, at + length), formats)
    at += (length + 3) & ~3
  }
}

function turnRecord(record: Buffer, formats: Formats): void {
  const type = record.readUInt16LE(0)
  const fields = formats.get(type)
  if (fields === undefined) throw new Error(`a record of type ${type}`)
  for (const [i, { offset, size, element, dynamic }] of fields.entries()) {
    if (dynamic) {
      const place = turn(record, offset, 4)
      if (element > 1) turnAll(record, place & 0xffff, place >>> 16, element)
      continue
    }
    // Stacks and texts run on to the record's end, whatever the format says.
    const last = i === fields.length - 1 && element !== size
    turnAll(record, offset, last ? record.length - offset : size, element)
  }
}

function turnAll(record: Buffer, from: number, length: number, element: number): void {
  if (element < 2) return
  for (let at = from; at + element <= from + length; at += element) turn(record, at, element)
}
