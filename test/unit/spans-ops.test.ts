import { describe, expect, it } from 'vitest'
import { TASK_STATES } from '#shared/model/kinds.ts'
import { at, diagnosed, locksOf, opsOf, phasesOf, traceOf } from '../support/import-text.ts'
import { FAULT, MM } from '../support/span-lines.ts'

const DAX = 'dev 259:0 ino 0xc shared WRITE|ALLOW_RETRY|KILLABLE|USER address 0x7f0000001000 pgoff 0x1dc'

/** A fault handled under mmap_lock, `us` long. */
function fault(from: number, pid: number, result: string, trap = FAULT): string[] {
  return [
    at(from, pid, trap),
    at(from + 1, pid, `mmap_lock_start_locking: ${MM} write=false`),
    at(from + 2, pid, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
    at(from + 3, pid, `dax_pte_fault: ${DAX} `),
    at(from + 8, pid, `dax_pte_fault_done: ${DAX} ${result}`),
    at(from + 10, pid, `mmap_lock_released: ${MM} write=false`),
  ]
}

describe('system calls', () => {
  it('both spellings give the same operation', () => {
    const tracefs = traceOf(
      at(10, 1, 'sys_pwrite64(fd: 3, buf: 0x55d8, count: 2000, pos: 1f000)'),
      at(30, 1, 'sys_pwrite64 -> 0x2000'),
    )
    const report = traceOf(
      at(10, 1, 'sys_enter_pwrite64: fd: 0x00000003, buf: 0x55d8, count: 0x00002000, pos: 0x0001f000'),
      at(30, 1, 'sys_exit_pwrite64: 0x2000'),
    )
    for (const trace of [tracefs, report]) {
      expect(opsOf(trace)).toMatchObject([
        { kind: 'write', startNs: 0, endNs: 20_000, length: 0x2000, offset: 0x1f000, result: 0x2000, inferred: false },
      ])
    }
  })

  it('an error of a kernel of 32 bits is an error', () => {
    const trace = traceOf(
      at(10, 1, 'sys_ftruncate(fd: 3, length: 1000)'),
      at(20, 1, 'sys_ftruncate -> 0xffffffea'),
      at(30, 1, 'sys_enter_write: fd: 3, buf: 0x55d8, count: 0x10'),
      at(40, 1, 'sys_exit_write: 0xfffffffb'),
      at(50, 1, 'sys_lseek(fd: 3, offset: fffffffb, whence: 0)'),
      at(60, 1, 'sys_lseek -> 0xfffffffb'),
      at(70, 1, 'sys_mmap(addr: 0, len: 1000, prot: 3, flags: 22, fd: 3, off: 0)'),
      at(80, 1, 'sys_mmap -> 0xfffff000'),
    )
    expect(opsOf(trace).map(({ kind, result }) => [kind, result])).toEqual([
      ['truncate', -22],
      ['write', -5],
      ['lseek', 0xfffffffb],
      ['mmap', 0xfffff000],
    ])
  })

  it('raw_syscalls go by number, and by arguments', () => {
    const trace = traceOf(
      at(10, 1, 'sys_enter: NR 285 (3, 3, 5000, 2000, 0, 0)'),
      at(20, 1, 'sys_exit: NR 285 = -95'),
      at(30, 1, 'sys_enter: NR 444 (0, 0, 0, 0, 0, 0)'),
      at(31, 1, 'sys_exit: NR 444 = 0'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'punch_hole', offset: 0x5000, length: 0x2000, result: -95 },
      { kind: 'landlock_create_ruleset', result: 0 },
    ])
  })

  it('exit and exit_group begin, although tracefs calls their begin what others call an end', () => {
    for (const [call, kind] of [
      ['sys_exit(error_code: 0)', 'exit'],
      ['sys_exit_group(error_code: 0)', 'exit_group'],
      ['sys_enter_exit_group: error_code: 0x0', 'exit_group'],
    ]) {
      const trace = traceOf(at(10, 1, 'sys_getpid()'), at(11, 1, 'sys_getpid -> 0x5'), at(12, 1, call))
      expect(opsOf(trace)).toMatchObject([{ kind: 'getpid' }, { kind, startNs: 2_000, endNs: NaN }])
      expect(trace.diagnostics.map(({ code }) => code)).not.toContain('exit-without-enter')
    }
  })

  it('the return from a signal ends without its number', () => {
    const trace = traceOf(
      at(10, 1, 'sys_enter: NR 15 (0, 0, 0, 0, 0, 0)'),
      at(10, 1, 'sys_rt_sigreturn()'),
      at(12, 1, 'sys_exit: NR -1 = 3'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'rt_sigreturn', startNs: 0, endNs: 2_000, result: NaN }])
    expect(trace.diagnostics).toEqual([])
  })

  it('fallocate is a punch by its mode; ftruncate is truncate; a failure is its errno; others keep their name', () => {
    const trace = traceOf(
      at(10, 1, 'sys_fallocate(fd: 3, mode: 3, offset: 1000, len: 2000)'),
      at(11, 1, 'sys_fallocate -> 0xffffffffffffffa1'),
      at(12, 1, 'sys_fallocate(fd: 3, mode: 11, offset: 1000, len: 2000)'),
      at(13, 1, 'sys_fallocate -> 0x0'),
      at(14, 1, 'sys_ftruncate(fd: 3, length: 800000)'),
      at(15, 1, 'sys_ftruncate -> 0x0'),
      at(16, 1, 'sys_madvise(start: 7fd1665f9000, len_in: 7fc000, behavior: 4)'),
      at(17, 1, 'sys_madvise -> 0x0'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'punch_hole', offset: 0x1000, length: 0x2000, result: -95 },
      { kind: 'fallocate', result: 0 },
      { kind: 'truncate', offset: 0x800000 },
      { kind: 'madvise', length: 0x7fc000 },
    ])
  })

  it.each([
    ['sys_fork -> 0x0', 'sys_exit(error_code: 0)'],
    ['sys_exit_clone: 0x0', 'sys_enter_exit: error_code: 0x0'],
    ['sys_vfork -> 0x0', 'sys_exit_group(error_code: 0)'],
    ['sys_exit: NR 435 = 0', 'sys_enter: NR 231 (0, 0, 0, 0, 0, 0)'],
  ])(
    'a new task returns from the call that made it, %s, and ends in one: neither lacks its other half',
    (born, died) => {
      const trace = traceOf(
        at(10, 7, born),
        at(20, 7, 'sys_write(fd: 1)'),
        at(25, 7, 'sys_write -> 0x1'),
        at(30, 7, died),
      )
      expect(opsOf(trace).map(({ kind }) => kind)).toEqual(['write', expect.stringMatching(/^exit/)])
      expect(trace.diagnostics).toEqual([])
    },
  )

  it('the end of a call that made a task lacks its begin in the task that called, and where it failed', () => {
    for (const result of ['0x2a', '0xfffffffffffffff5']) {
      expect(diagnosed(traceOf(at(10, 1, `sys_clone -> ${result}`)), 'exit-without-enter')).toBe(1)
    }
    const other = traceOf(at(5, 1, 'sys_write(fd: 1)'), at(10, 1, 'sys_clone -> 0x0'))
    expect(diagnosed(other, 'exit-without-enter')).toBe(1)
  })

  it('an exit without enter is counted, an enter without exit has no end', () => {
    const trace = traceOf(
      at(10, 1, 'sys_write -> 0x2'),
      at(12, 1, 'sys_fsync(fd: 3)'),
      at(20, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(25, 1, 'sys_write -> 0x2'),
    )
    expect(opsOf(trace)).toMatchObject([
      { kind: 'fsync', endNs: NaN },
      { kind: 'write', startNs: 10_000, endNs: 15_000 },
    ])
    expect(diagnosed(trace, 'exit-without-enter')).toBe(1)
    expect(diagnosed(trace, 'unfinished-op')).toBe(1)
  })
})

describe('page faults', () => {
  it('a fault ends with the release of mmap_lock and is known by its file and kind', () => {
    const trace = traceOf(...fault(10, 1, 'MAJOR|NOPAGE'), at(60, 1, 'sys_fsync(fd: 3)'), at(61, 1, 'sys_fsync -> 0x0'))
    expect(opsOf(trace)[0]).toEqual({
      id: 0,
      pid: 1,
      kind: 'write_fault',
      startNs: 0,
      endNs: 10_000,
      waitNs: 0,
      inode: '259:0:12',
      offset: 0x1dc * 4096,
      length: 4096,
      result: 0,
      inferred: true,
    })
  })

  it('the same instruction faulting on the same page again is the same touch', () => {
    const trace = traceOf(
      ...fault(10, 1, 'MAJOR|NOPAGE'),
      at(
        21,
        1,
        'sched_switch: prev_comm=task1 prev_pid=1 prev_prio=120 prev_state=R ==> next_comm=x next_pid=2 next_prio=120',
      ),
      at(
        40_021,
        2,
        'sched_switch: prev_comm=x prev_pid=2 prev_prio=120 prev_state=S ==> next_comm=task1 next_pid=1 next_prio=120',
      ),
      ...fault(40_030, 1, 'NOPAGE'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'write_fault', startNs: 0, endNs: 40_030_000 }])
  })

  it('an instruction that runs on and faults on its page whenever that is taken away raises many faults', () => {
    const times = Array.from({ length: 20 }, (_, i) => 1000 + 1400 * i)
    const ops = opsOf(traceOf(...times.flatMap((us) => fault(us, 1, 'NOPAGE'))))
    // Of the first two nobody knows: its CPU may have stood still.
    expect(ops).toHaveLength(19)
    const quick = opsOf(traceOf(...times.flatMap((_, i) => fault(1000 + 90 * i, 1, 'NOPAGE'))))
    expect(Math.max(...quick.map(({ startNs, endNs }) => endNs - startNs))).toBeLessThan(1_000_000)
  })

  it('another instruction, another page, a system call between, or a long run in user mode make another touch', () => {
    const other = 'page_fault_user: address=0x7f0000001008 ip=0x4020ff error_code=0x6'
    const page = 'page_fault_user: address=0x7f0000002008 ip=0x4020a0 error_code=0x6'
    const trace = traceOf(
      ...fault(10, 1, 'NOPAGE'),
      ...fault(50, 1, 'NOPAGE', other),
      ...fault(90, 1, 'NOPAGE', page),
      at(130, 1, 'sys_madvise(start: 7f0000001000, len_in: 1000, behavior: 4)'),
      at(131, 1, 'sys_madvise -> 0x0'),
      ...fault(140, 1, 'NOPAGE', page),
      ...fault(10_000, 1, 'NOPAGE', page),
    )
    expect(opsOf(trace).filter((op) => op.kind === 'write_fault')).toHaveLength(5)
  })

  it('SIGBUS is -14 and closes the fault: the next touch of the page is its own', () => {
    const trace = traceOf(...fault(10, 1, 'SIGBUS'), ...fault(60, 1, 'SIGBUS'))
    expect(opsOf(trace)).toMatchObject([
      { result: -14, endNs: 10_000 },
      { result: -14, startNs: 50_000 },
    ])
  })

  it('kinds: read, copy on write, mkwrite, PMD, PMD that fell back, unknown', () => {
    const trap = (page: number, code: string): string =>
      `page_fault_user: address=0x7f000000${page}000 ip=0x4020a0 error_code=${code}`
    const pmd = (what: string) =>
      `dax_pmd_fault${what}: dev 259:0 ino 0xc shared WRITE address 0x7f0 vm_start 0x7 vm_end 0x8 pgoff 0x200 max_pgoff 0x5e1`
    const trace = traceOf(
      at(10, 1, trap(1, '0x4')),
      at(11, 1, 'dax_pte_fault: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 '),
      at(12, 1, 'dax_load_hole: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 NOPAGE'),
      at(13, 1, 'dax_pte_fault_done: dev 259:0 ino 0xc shared ALLOW_RETRY|USER address 0x7f pgoff 0x1 NOPAGE'),
      at(20, 1, trap(2, '0x6')),
      at(21, 1, 'dax_pte_fault: dev 259:0 ino 0xc private WRITE|ALLOW_RETRY address 0x7f pgoff 0x2 '),
      at(22, 1, 'dax_pte_fault_done: dev 259:0 ino 0xc private WRITE|ALLOW_RETRY address 0x7f pgoff 0x2 DONE_COW'),
      at(30, 1, trap(3, '0x7')),
      at(31, 1, 'dax_insert_pfn_mkwrite: dev 259:0 ino 0xc shared WRITE|MKWRITE address 0x7f pgoff 0x3 NOPAGE'),
      at(40, 1, trap(4, '0x6')),
      at(41, 1, pmd('')),
      at(42, 1, `${pmd('_done')} NOPAGE`),
      at(50, 1, trap(5, '0x6')),
      at(51, 1, pmd('')),
      at(52, 1, `${pmd('_done')} FALLBACK`),
      at(53, 1, `dax_pte_fault: ${DAX} `),
      at(54, 1, `dax_pte_fault_done: ${DAX} NOPAGE`),
      at(60, 1, trap(6, '0x6')),
      at(61, 1, `mmap_lock_released: ${MM} write=false`),
    )
    expect(opsOf(trace).map((op) => [op.kind, op.length])).toEqual([
      ['read_fault', 4096],
      ['cow_fault', 4096],
      ['mkwrite', 4096],
      ['pmd_fault', 2 << 20],
      ['write_fault', 4096],
      ['fault', NaN],
    ])
    expect(phasesOf(trace).filter((phase) => phase.name === 'load_hole')).toMatchObject([
      { op: 0, startNs: 2000, endNs: 2000 },
    ])
  })

  it('whose event comes for reads and writes alike is of unknown kind', () => {
    const kind = (...bodies: readonly string[]) =>
      opsOf(traceOf(...bodies.map((body, i) => at(10 + i, 1, body)))).map((op) => op.kind)
    const read = 'xfs_read_fault: dev 7:1 ino 0x83 order 0'
    const cached = 'mm_filemap_fault: dev=7:1 ino=83 ofs=737280'
    const write = 'xfs_write_fault: dev 7:1 ino 0x83 order 0'
    expect(kind(cached)).toEqual(['fault'])
    expect(kind(read, cached)).toEqual(['fault'])
    expect(kind(read, cached, write)).toEqual(['write_fault'])
    expect(kind('xfs_filemap_fault: dev 259:1 ino 0x83 PTE write_fault 0')).toEqual(['fault'])
    expect(kind('xfs_filemap_fault: dev 259:1 ino 0x83 PTE write_fault 1')).toEqual(['write_fault'])
    expect(kind('xfs_filemap_pfn_mkwrite: dev 259:1 ino 0x83')).toEqual(['mkwrite'])
    expect(kind('page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x4', read)).toEqual(['read_fault'])
    expect(kind('page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x7', write)).toEqual(['mkwrite'])
  })

  it('a fault inside write() is an operation inside that operation', () => {
    const trace = traceOf(
      at(10, 1, 'sys_write(fd: 3, buf: 0x7f0000001000, count: 1000)'),
      ...fault(20, 1, 'NOPAGE', 'page_fault_kernel: address=0x7f0000001000 ip=fault_in_readable error_code=0x0').slice(
        0,
        -1,
      ),
      at(30, 1, `mmap_lock_released: ${MM} write=false`),
      at(32, 1, 'ext4_es_lookup_extent_enter: dev 259,0 ino 12 lblk 1'),
      at(33, 1, 'ext4_es_lookup_extent_exit: dev 259,0 ino 12 found 1 [0/1) 5 W'),
      at(40, 1, 'sys_write -> 0x1000'),
    )
    const ops = opsOf(trace)
    expect(ops.map((op) => [op.kind, op.startNs, op.endNs])).toEqual([
      ['write', 0, 30_000],
      ['read_fault', 10_000, 20_000],
    ])
    expect(phasesOf(trace).find((phase) => phase.name === 'es_lookup')).toMatchObject({ op: 0, depth: 0 })
  })

  it('a DAX fault without its trap is an operation from the handler on', () => {
    const trace = traceOf(
      at(10, 1, `dax_pte_fault: ${DAX} `),
      at(19, 1, `dax_pte_fault_done: ${DAX} NOPAGE`),
      at(50, 1, 'sys_fsync(fd: 3)'),
    )
    expect(opsOf(trace)[0]).toMatchObject({ kind: 'write_fault', startNs: 0, endNs: 9000, inferred: true })
  })

  it('a page-cache fault is known by mm_filemap_fault, whose inode is bare hexadecimal', () => {
    const trace = traceOf(
      at(10, 1, 'page_fault_user: address=0x7f0000001008 ip=0x4020a0 error_code=0x6'),
      at(12, 1, 'mm_filemap_fault: dev=254:0 ino=52c00 ofs=212992'),
      at(40, 1, 'sys_fsync(fd: 3)'),
    )
    expect(opsOf(trace)[0]).toMatchObject({
      kind: 'write_fault',
      inode: `254:0:${0x52c00}`,
      offset: 212_992,
      endNs: 2000,
    })
  })
})

describe('steps inside operations', () => {
  it('block mapping, allocation and the zeroing after it nest in the fault', () => {
    const trace = traceOf(
      at(10, 1, FAULT),
      at(
        11,
        1,
        'ext4_journal_start: dev 259,0 blocks 24, rsv_blocks 0, revoke_creds 8, caller ext4_dax_huge_fault+0x158/0x3e0',
      ),
      at(14, 1, 'jbd2_handle_start: dev 259,0 tid 159 type 2 line_no 718 requested_blocks 25'),
      at(15, 1, `dax_pte_fault: ${DAX} `),
      at(16, 1, 'ext4_ext_map_blocks_enter: dev 259,0 ino 12 lblk 414 len 1 flags CREATE|ZERO'),
      at(
        17,
        1,
        'ext4_request_blocks: dev 259,0 ino 12 flags HINT_DATA len 1 lblk 414 goal 33694 lleft 0 lright 0 pleft 0 pright 0 ',
      ),
      at(
        19,
        1,
        'ext4_allocate_blocks: dev 259,0 ino 12 flags HINT_DATA len 1 block 33694 lblk 414 goal 0 lleft 0 lright 0 pleft 0 pright 0',
      ),
      at(
        20,
        1,
        'ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE|ZERO lblk 414 pblk 33694 len 1 mflags NM ret 1',
      ),
      at(25, 1, 'ext4_es_insert_extent: dev 259,0 ino 12 es [414/1) mapped 33694 status W'),
      at(28, 1, `dax_pte_fault_done: ${DAX} MAJOR|NOPAGE`),
      at(
        30,
        1,
        'jbd2_handle_stats: dev 259,0 tid 159 type 2 line_no 718 interval 0 sync 0 requested_blocks 25 dirtied_blocks 1',
      ),
      at(40, 1, 'sys_fsync(fd: 3)'),
    )
    const phases = new Map(
      phasesOf(trace).map((phase) => [phase.name, [phase.startNs / 1000, phase.endNs / 1000, phase.depth]]),
    )
    expect(Object.fromEntries(phases)).toEqual({
      journal: [1, 4, 0],
      handle: [4, 20, 0],
      dax_fault: [5, 18, 1],
      map_blocks: [6, 10, 2],
      alloc: [7, 9, 3],
      zero: [10, 15, 2],
    })
    expect(phasesOf(trace).every((phase) => phase.op === 0)).toBe(true)
  })

  it('a punch lasts until its call returns; without calls it is an operation until its last freed range', () => {
    const space = 'dev 259,0 ino 12 since 3 end 3 depth 1'
    const punch = [
      at(12, 1, 'ext4_punch_hole: dev 259,0 ino 12 offset 12288 len 4096 mode '),
      at(14, 1, `ext4_ext_remove_space: ${space}`),
      at(20, 1, `ext4_ext_remove_space_done: ${space} partial [pclu 0 lblk 0 state 0] remaining_entries 1`),
    ]
    const called = traceOf(
      at(10, 1, 'sys_fallocate(fd: 3, mode: 3, offset: 3000, len: 1000)'),
      ...punch,
      at(30, 1, 'sys_fallocate -> 0x0'),
    )
    expect(phasesOf(called).map((phase) => [phase.name, phase.startNs, phase.endNs])).toEqual([
      ['punch', 2000, 20_000],
      ['free', 4000, 10_000],
    ])
    expect(opsOf(called)).toMatchObject([{ kind: 'punch_hole', inode: '259:0:12', inferred: false }])
    const bare = traceOf(...punch)
    expect(opsOf(bare)).toMatchObject([
      { kind: 'punch_hole', offset: 12_288, length: 4096, endNs: 8000, inferred: true },
    ])
  })

  it('a journal commit is an operation of its thread with its states as steps', () => {
    const where = { comm: 'jbd2/pmem0-8' }
    const commit = (us: number, what: string): string =>
      at(us, 77, `jbd2_${what}: dev 259,0 transaction 375 sync 0`, where)
    const trace = traceOf(
      commit(10, 'start_commit'),
      commit(11, 'commit_locking'),
      commit(15, 'commit_flushing'),
      commit(20, 'commit_logging'),
      commit(40, 'end_commit'),
    )
    expect(opsOf(trace)).toMatchObject([{ kind: 'commit', endNs: 30_000 }])
    expect(phasesOf(trace).map((phase) => [phase.name, phase.startNs / 1000, phase.endNs / 1000])).toEqual([
      ['commit_locking', 1, 5],
      ['commit_flushing', 5, 10],
      ['commit_logging', 10, 30],
    ])
  })

  it('a sleep the journal thread ends is a wait for a commit, marked inferred; other sleeps claim nothing', () => {
    const sleep = (us: number, pid: number): string =>
      at(
        us,
        pid,
        `sched_switch: prev_comm=x prev_pid=${pid} prev_prio=120 prev_state=D ==> next_comm=swapper/0 next_pid=0 next_prio=120`,
      )
    const trace = traceOf(
      at(10, 77, 'jbd2_start_commit: dev 259,0 transaction 375 sync 0', { comm: 'jbd2/pmem0-8', cpu: 1 }),
      at(11, 1, 'sys_fsync(fd: 3)'),
      sleep(12, 1),
      at(13, 2, 'sys_fsync(fd: 3)'),
      sleep(14, 2),
      at(30, 77, 'sched_waking: comm=x pid=1 prio=120 target_cpu=000', { comm: 'jbd2/pmem0-8', cpu: 1 }),
      at(31, 5, 'sched_waking: comm=x pid=2 prio=120 target_cpu=000', { cpu: 1 }),
      at(35, 77, 'jbd2_end_commit: dev 259,0 transaction 375 sync 0 head 3', { comm: 'jbd2/pmem0-8', cpu: 1 }),
      at(40, 1, 'sys_fsync -> 0x0'),
      at(42, 2, 'sys_fsync -> 0x0'),
    )
    expect(phasesOf(trace)).toMatchObject([{ name: 'commit_wait', op: 1, startNs: 2000, endNs: 20_000 }])
    expect(locksOf(trace).map((span) => [span.class, span.pid])).toEqual([
      ['journal', 77],
      ['journal', 1],
    ])
    const states = Array.from(trace.taskState.cols.state.slice(0, trace.taskState.length)).map(
      (state) => TASK_STATES[state],
    )
    expect(states.filter((state) => state === 'disk-sleep')).toHaveLength(2)
  })
})

describe('lost events and further traces', () => {
  it('what is open on a CPU that lost events has no known end; other CPUs go on', () => {
    const trace = traceOf(
      at(10, 1, 'sys_fsync(fd: 3)', { cpu: 0 }),
      at(11, 2, 'sys_fsync(fd: 3)', { cpu: 1 }),
      at(12, 2, 'lock_acquire: 0000000000000001 &a', { cpu: 1 }),
      at(12, 2, 'lock_acquired: 0000000000000001 &a', { cpu: 1 }),
      'CPU:1 [LOST 1011 EVENTS]',
      at(20, 1, 'sys_fsync -> 0x0', { cpu: 0 }),
      at(21, 2, 'sys_fsync -> 0x0', { cpu: 1 }),
    )
    expect(opsOf(trace).map((op) => [op.pid, op.endNs])).toEqual([
      [1, 10_000],
      [2, NaN],
    ])
    expect(locksOf(trace)).toMatchObject([{ releasedNs: NaN }])
    expect(diagnosed(trace, 'closed-by-loss')).toBe(2)
  })

  it('nothing is matched across the start of another trace', () => {
    const trace = traceOf(
      at(10, 1, 'sys_fsync(fd: 3)'),
      '# tracer: nop',
      at(20, 1, 'sys_fsync -> 0x0'),
      at(30, 1, 'sys_fsync(fd: 3)'),
      at(40, 1, 'sys_fsync -> 0x0'),
    )
    expect(opsOf(trace).map((op) => op.endNs)).toEqual([NaN, 30_000])
  })
})
