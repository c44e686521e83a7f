/**
 * Steps that two sources tell of, that are known only when they are over, that nest or are given up: page table walks, journal
 * handles, block mappings.
 */
import { describe, expect, it } from 'vitest'
import { limits } from '#shared/base/limits.ts'
import { at, diagnosed, opsOf, phasesOf, traceOf } from '../support/import-text.ts'
import { A, B, first, PERCPU, write, written } from '../support/span-lines.ts'

const I_MMAP = '&mapping->i_mmap_rwsem'

describe('a walk of page tables', () => {
  it('ends with its own lock: not with one taken exclusively, nor with another’s', () => {
    const trace = traceOf(
      first,
      at(5, 1, 'sys_ftruncate(fd: 3, length: 0)'),
      at(10, 1, `lock_acquire: ${A} read ${I_MMAP}`),
      at(10, 1, `lock_acquired: ${A} ${I_MMAP}`),
      at(12, 1, `lock_acquire: ${B} ${I_MMAP}`),
      at(12, 1, `lock_acquired: ${B} ${I_MMAP}`),
      at(14, 1, `lock_release: ${B} ${I_MMAP}`),
      at(20, 1, `lock_release: ${A} ${I_MMAP}`),
      at(30, 1, 'sys_ftruncate -> 0x0'),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'unmap', startNs: 10_000, endNs: 20_000 }])
  })
})

describe('a step', () => {
  const handle = (us: number, what: string) => at(us, 1, `jbd2_handle_${what}: dev 259,0 tid 7`)

  it('given up for being nested too deep is over: its end is one of nothing', () => {
    const many = Array.from({ length: limits.phaseDepth + 1 }, (_, n) => at(10 + n, 1, `phase_begin: name=s${n}`))
    const trace = traceOf(first, ...many, at(500, 1, 'phase_end: name=s0'))
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(1)
  })

  it('of a handle that lockdep and the journal both tell of is one', () => {
    const lockdep = (us: number, what: string) =>
      at(us, 1, `lock_${what}: ${A} ${what === 'acquire' ? 'try read ' : ''}jbd2_handle`)
    const trace = traceOf(
      first,
      write(5),
      lockdep(10, 'acquire'),
      handle(11, 'start'),
      handle(20, 'stats'),
      lockdep(21, 'release'),
      lockdep(30, 'acquire'),
      handle(31, 'start'),
      handle(40, 'stats'),
      lockdep(41, 'release'),
      written(50),
    )
    expect(phasesOf(trace).map(({ name, startNs, endNs }) => [name, startNs / 1000, endNs / 1000])).toEqual([
      ['handle', 10, 20],
      ['handle', 31, 40],
    ])
  })

  it('of a handle or a block mapping that ends without having begun is counted', () => {
    const mapped = at(
      20,
      1,
      'ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE lblk 1 pblk 5 len 1 mflags M ret 1',
    )
    expect(diagnosed(traceOf(first, handle(10, 'stats'), mapped), 'phase-end-without-begin')).toBe(2)
    const begun = at(11, 1, 'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 1 len 1 flags CREATE')
    expect(traceOf(first, handle(10, 'start'), begun, mapped, handle(30, 'stats')).diagnostics).toEqual([])
    // The journal's own events are there: lockdep's of the same handle tell nothing more.
    const lockdep = (us: number, what: string) =>
      at(us, 1, `lock_${what}: ${A} ${what === 'acquire' ? 'try read ' : ''}jbd2_handle`)
    expect(phasesOf(traceOf(first, handle(10, 'stats'), lockdep(20, 'acquire'), lockdep(30, 'release')))).toEqual([])
  })

  it('of a handle lasts until its own release, whatever else is released in it', () => {
    const lockdep = (us: number, what: string, how: string) => at(us, 1, `lock_${what}: ${A} ${how}jbd2_handle`)
    const trace = traceOf(
      first,
      lockdep(10, 'acquire', 'try read '),
      at(12, 1, `lock_acquire: ${B} read ${PERCPU}`),
      at(14, 1, `lock_release: ${B} ${PERCPU}`),
      // fs/jbd2/transaction.c: jbd2_might_wait_for_commit takes and releases the map exclusively.
      lockdep(16, 'acquire', ''),
      lockdep(17, 'release', ''),
      lockdep(20, 'release', ''),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'handle', startNs: 10_000, endNs: 20_000 }])
  })

  it('of a journal is waited for before every handle, inside other steps, too, and for no time at all', () => {
    const ask = (us: number) =>
      at(us, 1, 'ext4_journal_start: dev 259,0 blocks 1, rsv_blocks 0, revoke_creds 0, caller x+0x1/0x2')
    const trace = traceOf(
      first,
      ask(10),
      handle(10, 'start'),
      handle(15, 'stats'),
      at(18, 1, 'phase_begin: name=x'),
      ask(20),
      handle(24, 'start'),
      handle(30, 'stats'),
    )
    const journal = phasesOf(trace).filter(({ name }) => name === 'journal')
    expect(journal.map(({ startNs, endNs }) => [startNs / 1000, endNs / 1000])).toEqual([
      [10, 10],
      [20, 24],
    ])
  })

  it('told of when it is over is as deep as it lies in its own operation', () => {
    const trace = traceOf(
      first,
      write(5),
      handle(6, 'start'),
      at(10, 1, 'page_fault_kernel: address=0x7f0000001008 ip=copy_from_user error_code=0x0'),
      at(20, 1, 'dax_load_hole: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 NOPAGE'),
    )
    expect(phasesOf(trace).find(({ name }) => name === 'load_hole')).toMatchObject({ op: 1, depth: 0 })
  })

  it('that was waited for since before its operation began counts from the operation on', () => {
    const ask = (us: number) =>
      at(us, 1, 'ext4_journal_start: dev 259,0 blocks 1, rsv_blocks 0, revoke_creds 0, caller x+0x1/0x2')
    const trace = traceOf(first, ask(10), write(20), handle(30, 'start'), handle(35, 'stats'), written(40))
    expect(
      phasesOf(trace).map(({ name, startNs, endNs, depth }) => [name, startNs / 1000, endNs / 1000, depth]),
    ).toEqual([
      ['journal', 20, 30, 0],
      ['handle', 30, 35, 0],
    ])
    const outside = traceOf(first, ask(10), handle(30, 'start'), handle(35, 'stats'))
    expect(phasesOf(outside).map(({ op, startNs }) => [op, startNs / 1000])).toEqual([
      [-1, 10],
      [-1, 30],
    ])
  })

  it('that is told of only when it is over makes a fault last until then', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096'),
      at(20, 1, 'dax_load_hole: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 NOPAGE'),
      at(60, 1, 'sys_fsync(fd: 3)'),
    )
    expect(opsOf(trace)[0]).toMatchObject({ kind: 'fault', endNs: 20_000 })
  })

  it('is no longer zeroing after the mapping was published, or where nothing was created', () => {
    const exit = (us: number, mflags: string, ret: number) =>
      at(
        us,
        1,
        `ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE|ZERO lblk 1 pblk 5 len 1 mflags ${mflags} ret ${ret}`,
      )
    const enter = (us: number) =>
      at(us, 1, 'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 1 len 1 flags CREATE|ZERO')
    const insert = (us: number) => at(us, 1, 'ext4_es_insert_extent: dev 259,0 ino 12 es [1/1) mapped 5 status W')
    const zeroed = (...lines: readonly string[]) =>
      phasesOf(traceOf(first, write(5), ...lines, written(90)))
        .filter(({ name }) => name === 'zero')
        .map(({ startNs, endNs }) => [startNs / 1000, endNs / 1000])
    expect(zeroed(enter(10), exit(20, 'NM', 1), insert(25), insert(30))).toEqual([[20, 25]])
    expect(zeroed(enter(10), exit(20, 'M', 1), insert(25))).toEqual([])
    expect(zeroed(enter(10), exit(20, 'NM', 0), insert(25))).toEqual([])
  })
})
