/**
 * Any sequence of events, however senseless (lost halves, wrong order, clocks that jump), gives a trace in which
 * assertTrace holds; and what goes in as well-formed locking comes out hold for hold.
 */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SPAN_CONTENDED } from '#shared/model/kinds.ts'
import { at, locksOf, traceOf } from '../support/import-text.ts'

const ADDRESSES = ['0000000000000001', '0000000000000002', '(____ptrval____)']
const DAX = 'dev 259:0 ino 0xc shared WRITE address 0x7f0000001000 pgoff 0x1'
const MM = 'mm=00000000cccccccc memcg_path='
const JBD2 = 'dev 259,0 tid 1 type 2 line_no 1'

const bodies = [
  ...ADDRESSES.flatMap((address) => [
    `lock_acquire: ${address} &a`,
    `lock_acquire: ${address} read &a`,
    `lock_acquire: ${address} try read &mm->mmap_lock`,
    `lock_acquire: ${address} read &mm->mmap_lock`,
    `lock_acquire: ${address} &mm->mmap_lock`,
    `lock_acquire: ${address} read &mapping->i_mmap_rwsem`,
    `lock_acquire: ${address} read &sbi->s_writepages_rwsem`,
    `lock_acquire: ${address} try read jbd2_handle`,
    `lock_acquire: ${address} read rcu_read_lock`,
    ...[
      '&a',
      '&mm->mmap_lock',
      '&mapping->i_mmap_rwsem',
      '&sbi->s_writepages_rwsem',
      'jbd2_handle',
      'rcu_read_lock',
    ].flatMap((name) => [
      `lock_contended: ${address} ${name}`,
      `lock_acquired: ${address} ${name}`,
      `lock_release: ${address} ${name}`,
    ]),
    `contention_begin: ${address} (flags=READ)`,
    `contention_begin: ${address} (flags=SPIN|MUTEX)`,
    `contention_begin: ${address} (flags=PERCPU|READ)`,
    `contention_end: ${address} (ret=0)`,
    `contention_end: ${address} (ret=-4)`,
  ]),
  ...['true', 'false'].flatMap((write) => [
    `mmap_lock_start_locking: ${MM} write=${write}`,
    `mmap_lock_acquire_returned: ${MM} write=${write} success=true`,
    `mmap_lock_acquire_returned: ${MM} write=${write} success=false`,
    `mmap_lock_released: ${MM} write=${write}`,
  ]),
  ...['xfs_ilock', 'xfs_ilock_nowait', 'xfs_iunlock', 'xfs_ilock_demote'].map(
    (name) => `${name}: dev 7:1 ino 0x84 flags MMAPLOCK_EXCL|ILOCK_SHARED caller a+0x1/0x2`,
  ),
  'page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x6',
  'page_fault_user: address=0x7f0000002008 ip=0x4020a0 error_code=0x4',
  'page_fault_kernel: address=0x7f0000003008 ip=copy error_code=0x0',
  `dax_pte_fault: ${DAX} `,
  `dax_pte_fault_done: ${DAX} NOPAGE`,
  `dax_pte_fault_done: ${DAX} SIGBUS`,
  `dax_pte_fault_done: ${DAX} RETRY`,
  'mm_filemap_fault: dev=7:0 ino=d ofs=4096',
  'sys_write(fd: 3, buf: 0, count: 10)',
  'sys_write -> 0x10',
  'sys_fsync(fd: 3)',
  'sys_fsync -> 0x0',
  'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 1 len 1 flags CREATE|ZERO',
  'ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE|ZERO lblk 1 pblk 5 len 1 mflags NM ret 1',
  'ext4_es_insert_extent: dev 259,0 ino 12 es [1/1) mapped 5 status W',
  'ext4_journal_start: dev 259,0 blocks 24, rsv_blocks 0, revoke_creds 8, caller a',
  `jbd2_handle_start: ${JBD2} requested_blocks 25`,
  `jbd2_handle_stats: ${JBD2} interval 0 sync 0 requested_blocks 25 dirtied_blocks 1`,
  'ext4_punch_hole: dev 259,0 ino 12 offset 12288 len 4096 mode ',
  'ext4_ext_remove_space: dev 259,0 ino 12 since 3 end 3 depth 1',
  'ext4_ext_remove_space_done: dev 259,0 ino 12 since 3 end 3 depth 1',
  'ext4_truncate_enter: dev 259,0 ino 12 blocks 8',
  'ext4_truncate_exit: dev 259,0 ino 12 blocks 8',
  'ext4_writepages: dev 259,0 ino 12 nr_to_write 1',
  'ext4_writepages_result: dev 259,0 ino 12 ret 0',
  'jbd2_start_commit: dev 259,0 transaction 1 sync 0',
  'jbd2_commit_locking: dev 259,0 transaction 1 sync 0',
  'jbd2_end_commit: dev 259,0 transaction 1 sync 0 head 1',
  ...[1, 2, 3].flatMap((pid) => [
    `sched_waking: comm=x pid=${pid} prio=120 target_cpu=000`,
    ...['D', 'R', 'S'].map(
      (state) =>
        `sched_switch: prev_comm=x prev_pid=${pid} prev_prio=120 prev_state=${state} ==> next_comm=y next_pid=${(pid % 3) + 1} next_prio=120`,
    ),
  ]),
]

const event = fc.record({
  body: fc.constantFrom(...bodies),
  pid: fc.constantFrom(1, 2, 3),
  irq: fc.constantFrom('.', '.', '.', '.', 'h', 's'),
  step: fc.constantFrom(0, 1, 1, 1, 2, 5, 100, 6000, -3),
  lost: fc.constantFrom(false, false, false, false, false, false, false, false, false, true),
})

describe('the span builder', () => {
  it('never makes an impossible trace', () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 60 }), (events) => {
        let us = 1000
        const lines = events.flatMap(({ body, pid, irq, step, lost }) => {
          us += step
          // pid 3 is a journal thread.
          const line = at(us, pid, body, { irq, cpu: pid % 2, comm: pid === 3 ? 'jbd2/x-8' : `t${pid}` })
          return lost ? [`CPU:${pid % 2} [LOST 3 EVENTS]`, line] : [line]
        })
        traceOf(...lines)
      }),
      { numRuns: 1000 },
    )
  })

  it('gives back every hold of a well-formed lock history, whatever the order of releases', () => {
    const holds = fc.array(
      fc.record({
        shared: fc.boolean(),
        contended: fc.boolean(),
        tried: fc.boolean(),
        order: fc.integer({ min: 0, max: 1000 }),
      }),
      { minLength: 1, maxLength: 20 },
    )
    fc.assert(
      fc.property(holds, (wanted) => {
        let us = 10
        const lines: string[] = []
        const expected = wanted.map(({ shared, contended, tried }, i) => {
          const lock = `${String(i).padStart(16, '0')} `
          lines.push(at(us, 1, `lock_acquire: ${lock}${tried ? 'try ' : ''}${shared ? 'read ' : ''}&l`))
          const asked = us
          us += 2
          const waits = contended && !tried
          if (waits) lines.push(at(us, 1, `lock_contended: ${lock}&l`))
          const requested = waits ? us : asked
          us += 3
          if (!tried) lines.push(at(us, 1, `lock_acquired: ${lock}&l`))
          const acquired = waits ? us : asked
          us += 1
          return { mode: shared ? 'shared' : 'exclusive', requested, acquired, released: 0, waits }
        })
        const order = wanted.map((hold, i) => ({ i, at: hold.order })).sort((a, b) => a.at - b.at)
        for (const { i } of order) {
          lines.push(at((us += 4), 1, `lock_release: ${String(i).padStart(16, '0')} &l`))
          expected[i].released = us
        }
        const got = new Map(locksOf(traceOf(...lines)).map((span) => [Number(span.address), span]))
        expect(got.size).toBe(wanted.length)
        expected.forEach((hold, i) => {
          const span = got.get(i)
          expect(span?.mode).toBe(hold.mode)
          expect(((span?.flags ?? 0) & SPAN_CONTENDED) !== 0).toBe(hold.waits)
          expect([span?.requestedNs, span?.acquiredNs, span?.releasedNs]).toEqual(
            [hold.requested, hold.acquired, hold.released].map((time) => (time - 10) * 1000),
          )
        })
      }),
      { numRuns: 200 },
    )
  })
})
