/**
 * What lies at an address of a perf.data, mapping by mapping: records as perf_event_open(2) has them, names as `perf script`
 * prints them.
 */

import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { Addresses } from '#shared/formats/perf-data/addresses.ts'
import { RecordView } from '#shared/formats/trace-dat/record.ts'
import { Symbols } from '#shared/formats/trace-dat/symbols.ts'
import { perfRecord } from '../support/perf-data.ts'
import { Bytes } from '../support/trace-dat.ts'

const KALLSYMS = `ffffffff81000000 T _text
ffffffff81000100 T do_sys_open
ffffffff81000200 T ext4_sync_file
ffffffff81000300 T _end
`
const [USER, KERNEL] = [2, 1]

interface Mapped {
  readonly pid?: number
  readonly from: bigint
  readonly length: bigint
  readonly offset?: bigint
  readonly name: string
}

class Process {
  readonly addresses: Addresses

  constructor(kallsyms = KALLSYMS) {
    this.addresses = new Addresses(new Symbols(Buffer.from(kallsyms), Buffer.alloc(0)))
  }

  map({ pid = 4, from, length, offset = 0n, name }: Mapped, misc = USER): this {
    const body = new Bytes().u32(pid).u32(pid).u64(from).u64(length).u64(offset).add(`${name}\0`).done()
    this.addresses.mapped(view(1, body, misc), false)
    return this
  }

  fork(pid: number, parent: number): this {
    this.addresses.forked(view(7, new Bytes().u32(pid).u32(parent).u32(pid).u32(parent).u64(0).done()))
    return this
  }

  comm(pid: number, misc: number): this {
    this.addresses.named(view(3, new Bytes().u32(pid).u32(pid).add('name\0\0\0\0').done(), misc))
    return this
  }

  ksymbol(from: bigint, length: number, name: string, removed = false): this {
    const body = new Bytes()
      .u64(from)
      .u32(length)
      .u16(1)
      .u16(removed ? 1 : 0)
    this.addresses.made(view(17, body.add(`${name}\0`).done()))
    return this
  }

  at(address: bigint, pid = 4): string {
    return this.addresses.frame(pid, Number(address >> 32n), Number(address & 0xffff_ffffn))
  }
}

function view(type: number, body: Uint8Array, misc = 0): RecordView {
  const bytes = perfRecord(type, body, misc)
  const record = new RecordView(true)
  record.over(bytes)
  record.end = bytes.length
  return record
}

describe('an address of a user', () => {
  const app = { from: 0x400000n, length: 0x1000n, offset: 0x2000n, name: '/usr/bin/app' }

  it("is a place in the file that was mapped there, by the file's own offsets", () => {
    const process = new Process().map(app)
    expect(process.at(0x400010n)).toBe('app+0x2010')
    expect([process.at(0x3fffffn), process.at(0x401000n)]).toEqual(['3fffff', '401000'])
    expect(process.at(0x400010n, 5)).toBe('400010')
  })

  it('belongs to what was mapped there last', () => {
    const process = new Process().map(app)
    expect(process.at(0x400810n)).toBe('app+0x2810')
    process.map({ from: 0x400800n, length: 0x100n, name: '//anon' })
    expect([process.at(0x400810n), process.at(0x400900n)]).toEqual(['anon+0x10', 'app+0x2900'])
  })

  it("of a child is its parent's until either maps something, or the child runs another program", () => {
    const process = new Process().map(app).fork(5, 4)
    expect(process.at(0x400010n, 5)).toBe('app+0x2010')
    process.map({ pid: 5, from: 0x500000n, length: 0x1000n, name: 'lib.so' })
    expect([process.at(0x500001n, 5), process.at(0x400010n, 5)]).toEqual(['lib.so+0x1', 'app+0x2010'])
    expect(process.at(0x500001n, 4)).toBe('500001')
    expect(process.comm(5, 0).at(0x400010n, 5)).toBe('app+0x2010')
    expect(process.comm(5, 1 << 13).at(0x400010n, 5)).toBe('400010')
    // A thread is no process, and a child of nobody known has nothing.
    expect(process.fork(4, 4).fork(9, 8).at(0x400010n, 9)).toBe('400010')
  })
})

describe('an address of the kernel', () => {
  const text = 0xffff_ffff_8100_0000n
  const kernel = { from: text, length: 0x300n, offset: text, name: '[kernel.kallsyms]_text' }

  it('is a function and how far into it', () => {
    const process = new Process().map(kernel, KERNEL)
    expect(process.at(text + 0x110n)).toBe('do_sys_open+0x10')
    expect(process.addresses).toMatchObject({ foreign: false, unnamed: 0 })
  })

  it('of a kernel that was loaded elsewhere is moved by as much as the symbol of its mapping', () => {
    const moved = text + 0x1c00_0000n
    const process = new Process().map({ ...kernel, from: moved, offset: moved }, KERNEL)
    expect(process.at(moved + 0x204n)).toBe('ext4_sync_file+0x4')
  })

  it('of another kernel than the kallsyms stays an address, and that is said', () => {
    const process = new Process().map({ ...kernel, name: '[kernel.kallsyms]_stext' }, KERNEL)
    expect(process.addresses.foreign).toBe(true)
    const without = new Process('').map(kernel, KERNEL)
    expect(without.at(text + 0x110n)).toBe('ffffffff81000110')
    expect(without.addresses).toMatchObject({ foreign: false, unnamed: 1 })
  })

  it('in a module is a place in it where no function is known, or the kernel was moved', () => {
    const module = { from: 0xffff_ffff_c000_0000n, length: 0x1000n, name: '/lib/modules/6.1/kernel/fs/ext4/ext4.ko.xz' }
    expect(new Process().map(module, KERNEL).at(0xffff_ffff_c000_0010n)).toBe('[ext4]+0x10')
    const moved = { ...kernel, from: text + 0x1000n, offset: text + 0x1000n }
    expect(new Process().map(moved, KERNEL).map({ ...module, name: '[xfs]' }, KERNEL).at(0xffff_ffff_c000_0010n)).toBe('[xfs]+0x10') // prettier-ignore
  })

  it("in code made at run time has that code's name while it is there", () => {
    const process = new Process()
    const made = 0xffff_ffff_a000_0000n
    expect(process.ksymbol(made, 0x80, 'bpf_prog_1_count').at(made + 8n)).toBe('bpf_prog_1_count+0x8')
    expect(process.ksymbol(made, 0x80, '', true).at(made + 8n)).toBe('ffffffffa0000008')
    // What was never there cannot go.
    expect(process.ksymbol(made, 0x80, '', true).addresses.unnamed).toBe(1)
  })
})

describe('mappings without end', () => {
  it('are kept up to a limit: what comes later is an address', () => {
    const process = new Process()
    for (let i = 0; i < limits.perfMappings + 10; i++) {
      process.ksymbol(0xffff_ffff_a000_0000n + BigInt(i * 16), 16, 'prog')
    }
    expect(process.at(0xffff_ffff_a000_0000n)).toBe('prog+0x0')
    expect(process.map({ from: 0x400000n, length: 0x1000n, name: 'late' }).at(0x400001n)).toBe('400001')
    expect(process.fork(5, 4).at(0x400001n, 5)).toBe('400001')
  })
})
