/** Where a page fault is over whose end no event tells: at what its task does next, if no fault does it. */

import { describe, expect, it } from 'vitest'
import { at, locksOf, opsOf, phasesOf, traceOf } from '../support/import-text.ts'
import { FAULT, MM } from '../support/span-lines.ts'

const DAX = 'dev 259:0 ino 0xc shared WRITE|ALLOW_RETRY|KILLABLE|USER address 0x7f0000001000 pgoff 0x1dc'

describe('a fault that nothing ends', () => {
  const FILE = 'dev 7,0 ino 21'
  const touch = (us: number) => at(us, 1, 'page_fault_user: address=0x7f0000005000 ip=0x401000 error_code=0x6')

  it.each([
    ['truncate', [`ext4_truncate_enter: ${FILE} blocks 8`, `ext4_truncate_exit: ${FILE} blocks 0`]],
    [
      'fallocate',
      [`ext4_fallocate_enter: ${FILE} offset 0 len 4096 mode `, `ext4_fallocate_exit: ${FILE} pos 0 blocks 1 ret 0`],
    ],
    ['fsync', [`ext4_sync_file_enter: ${FILE} parent 2 datasync 0 `, `ext4_sync_file_exit: ${FILE} ret 0`]],
  ])('is over where a %s without its system call begins', (kind, [begin, end]) => {
    const trace = traceOf(touch(10), at(5000, 1, begin), at(5400, 1, end), touch(9000))
    expect(opsOf(trace).map((op) => [op.kind, op.startNs, op.endNs - op.startNs, op.inode])).toEqual([
      ['fault', 0, NaN, undefined],
      [kind, 4_990_000, 400_000, '7:0:21'],
      ['fault', 8_990_000, NaN, undefined],
    ])
  })

  it('is not what a read behind it gets its file from', () => {
    const lines = [
      at(5, 1, 'sys_pread64(fd: 3, buf: 0x55d8, count: 1000, pos: 2000)'),
      at(10, 1, 'page_fault_kernel: address=0x7f0000005000 ip=0x401000 error_code=0x2'),
      at(20, 1, 'mm_filemap_get_pages: dev=254:0 ino=20e9af ofs=0-4095'),
      at(40, 1, 'sys_pread64 -> 0x1000'),
    ]
    expect(opsOf(traceOf(...lines)).map((op) => [op.kind, op.inode])).toEqual([
      ['read', '254:0:2156975'],
      ['fault', undefined],
    ])
  })

  it('is over inside the system call it was taken in, which goes on', () => {
    const trace = traceOf(
      at(5, 1, 'sys_ftruncate(fd: 3, length: 1000)'),
      at(10, 1, 'page_fault_kernel: address=0x7f0000005000 ip=0x401000 error_code=0x2'),
      at(20, 1, `ext4_truncate_enter: ${FILE} blocks 8`),
      at(30, 1, `ext4_truncate_exit: ${FILE} blocks 0`),
      at(40, 1, 'sys_ftruncate -> 0x0'),
    )
    expect(opsOf(trace).map((op) => [op.kind, op.endNs - op.startNs, op.inode])).toEqual([
      ['truncate', 35_000, '7:0:21'],
      ['fault', NaN, undefined],
    ])
    expect(phasesOf(trace).map((phase) => phase.name)).toEqual(['truncate'])
  })

  it.each([
    'ext4_da_write_begin: dev 7,0 ino 21 pos 0 len 63',
    'ext4_begin_ordered_truncate: dev 7,0 ino 21 new_size 6042153',
    'xfs_file_buffered_write: dev 7:0 ino 0x15 disize 0x0 pos 0x0 bytecount 0x3f',
    'mm_filemap_get_pages: dev=7:0 ino=15 ofs=0-4095',
  ])('neither has a file nor the steps of what comes after it: %s', (line) => {
    const map = 'ext4_ext_map_blocks_enter: dev 7,0 ino 21 lblk 0 len 1 flags CREATE'
    const trace = traceOf(touch(10), at(300, 1, line), at(310, 1, map), touch(900))
    expect(opsOf(trace).map((op) => [op.kind, op.endNs, op.inode])).toEqual([
      ['fault', NaN, undefined],
      ['fault', NaN, undefined],
    ])
    expect(phasesOf(trace).map((phase) => [phase.name, phase.op])).toEqual([['map_blocks', -1]])
  })

  it('is over where its task sleeps until a signal, or asks for mmap_lock to change the map', () => {
    const away = (us: number, state: string) =>
      at(
        us,
        1,
        `sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=${state} ==> next_comm=b next_pid=2 next_prio=120`,
      )
    const back = (us: number) =>
      at(
        us,
        2,
        'sched_switch: prev_comm=b prev_pid=2 prev_prio=120 prev_state=R ==> next_comm=a next_pid=1 next_prio=120',
      )
    const step = [
      at(900, 1, `ext4_es_lookup_extent_enter: ${FILE} lblk 0`),
      at(910, 1, `ext4_es_lookup_extent_exit: ${FILE} lblk 0`),
    ]
    const faultOf = (...lines: string[]) =>
      opsOf(traceOf(touch(10), ...lines)).map((op) => [op.kind, op.endNs, op.inode])
    expect(faultOf(away(20, 'S'), back(800), ...step)).toEqual([['fault', NaN, undefined]])
    expect(faultOf(away(20, 'D'), back(800), ...step)).toEqual([['fault', 900_000, '7:0:21']])
    expect(faultOf(away(20, 'R'), back(800), ...step)).toEqual([['fault', 900_000, '7:0:21']])
    const asks = (us: number, write: boolean) => [
      at(us, 1, `mmap_lock_start_locking: ${MM} write=${write}`),
      at(us + 1, 1, `mmap_lock_acquire_returned: ${MM} write=${write} success=true`),
      at(us + 9, 1, `mmap_lock_released: ${MM} write=${write}`),
    ]
    expect(faultOf(...asks(100, true))).toEqual([['fault', NaN, undefined]])
    expect(faultOf(...asks(100, false))).toEqual([['fault', 99_000, undefined]])
    expect(locksOf(traceOf(touch(10), ...asks(100, true))).map((lock) => lock.op)).toEqual([-1])
  })

  it('has no known end where its task sleeps until a signal without a system call to do that in', () => {
    const file = at(11, 1, 'mm_filemap_fault: dev=7:0 ino=15 ofs=0')
    const away = at(
      20,
      1,
      'sched_switch: prev_comm=a prev_pid=1 prev_prio=120 prev_state=S ==> next_comm=b next_pid=2 next_prio=120',
    )
    const ends = (...lines: string[]) =>
      opsOf(traceOf(...lines))
        .filter(({ pid }) => pid === 1)
        .map(({ endNs }) => endNs)
    expect(ends(touch(10), file, away)).toEqual([1000])
    const call = at(1, 3, 'sys_enter: NR 74 (3, 0, 0, 0, 0, 0)')
    expect(ends(call, touch(10), file, away)).toEqual([NaN])
    expect(ends(call, touch(10), file, at(15, 1, `mmap_lock_released: ${MM} write=false`), away)).toEqual([14_000])
  })

  it('is raised by its task alone: what interrupts it touches nothing of it', () => {
    const kernel = 'page_fault_kernel: address=0x7ffc00002000 ip=0xffffffff81000000 error_code=0x0'
    const trace = traceOf(
      touch(10),
      at(11, 1, 'mm_filemap_fault: dev=7:0 ino=15 ofs=0'),
      at(15, 1, kernel, { irq: 'Z' }),
      at(30, 1, `ext4_es_lookup_extent_enter: ${FILE} lblk 0`),
      at(40, 1, `ext4_es_lookup_extent_exit: ${FILE} lblk 0`),
    )
    expect(opsOf(trace).map(({ endNs }) => endNs)).toEqual([30_000])
  })

  it('goes on where a fault of a MAP_SYNC mapping syncs', () => {
    const trace = traceOf(
      at(10, 1, FAULT),
      at(11, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(12, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(13, 1, `dax_pte_fault: ${DAX} `),
      at(17, 1, `dax_pte_fault_done: ${DAX} NEEDDSYNC`),
      at(18, 1, 'ext4_sync_file_enter: dev 259,0 ino 12 parent 2 datasync 1 '),
      at(19, 1, 'ext4_sync_file_exit: dev 259,0 ino 12 ret 0'),
      at(20, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(opsOf(trace).map((op) => op.kind)).toEqual(['write_fault'])
  })
})
