/**
 * What ends an operation that did not end by itself: the next call, a fault in user mode, its own last event. What went before is told
 * as far as it was seen.
 */
import { describe, expect, it } from 'vitest'
import { at, diagnosed, edgesOf, locksOf, opsOf, traceOf } from '../support/import-text.ts'
import { A, B, codes, FAULT, first, MAP, MM, opTimes } from '../support/span-lines.ts'

const IN_KERNEL = 'page_fault_kernel: address=0x7f0000001008 ip=copy_from_user error_code=0x0'
const DAX = 'dev 259:0 ino 0xc shared WRITE|ALLOW_RETRY address 0x7f0000001000 pgoff 0x1dc'

describe('a system call', () => {
  it('ends the faults before it where their own last event was', () => {
    const trace = traceOf(
      first,
      at(10, 1, FAULT),
      at(12, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096'),
      at(40, 1, 'sys_fsync(fd: 3)'),
      at(50, 1, 'sys_fsync -> 0x0'),
    )
    expect(opTimes(trace)).toEqual([
      ['write_fault', 10, 12],
      ['fsync', 40, 50],
    ])
  })

  it('that returns ends what it left open inside: a fault in it lasts until its own last event', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(12, 1, IN_KERNEL),
      at(14, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096'),
      at(20, 1, 'op_begin: kind=commit ino=1 dev=1:1'),
      at(30, 1, 'sys_write -> 0x2'),
    )
    expect(opTimes(trace)).toEqual([
      ['write', 10, 30],
      ['read_fault', 12, 14],
      ['commit', 20, NaN],
    ])
    // A fault of the kernel in a call is over when the next operation in that call begins.
    expect(diagnosed(trace, 'unfinished-op')).toBe(1)
  })

  it('returning is matched by name: another’s end ends nothing as if it were its own', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'sys_fsync(fd: 3)'),
      at(20, 1, 'sys_write -> 0x2'),
      at(30, 1, 'sys_fsync -> 0x0'),
    )
    expect(opTimes(trace)).toEqual([['fsync', 10, NaN]])
    expect(diagnosed(trace, 'exit-without-enter')).toBe(2)
  })

  it('that returns without having begun does not end in an operation without calls', () => {
    const trace = traceOf(first, at(10, 1, 'op_begin: kind=write ino=1 dev=1:1'), at(20, 1, 'sys_fsync -> 0x0'))
    expect(opTimes(trace)).toEqual([['write', 10, NaN]])
    expect(diagnosed(trace, 'exit-without-enter')).toBe(1)
  })

  it('of another name begins anew, even at once; one of the same name is told of twice up to a microsecond later', () => {
    const other = traceOf(first, at(10, 1, 'sys_fsync(fd: 3)'), at(10, 1, 'sys_fdatasync(fd: 3)'))
    expect(opTimes(other).map(([kind]) => kind)).toEqual(['fsync', 'fdatasync'])
    const twice = (us: number) =>
      opTimes(traceOf(first, at(10, 1, 'sys_fsync(fd: 3)'), at(us, 1, 'sys_fsync(fd: 3)'))).length
    expect([twice(10), twice(11), twice(12)]).toEqual([1, 1, 2])
  })

  it('is over when its task faults in user mode; a fault in the kernel is inside it', () => {
    expect(opTimes(traceOf(first, at(10, 1, 'sys_fsync(fd: 3)'), at(20, 1, FAULT), at(30, 1, FAULT)))).toEqual([
      ['fsync', 10, NaN],
      ['fault', 20, NaN],
    ])
    expect(
      opTimes(traceOf(first, at(10, 1, 'sys_fsync(fd: 3)'), at(20, 1, IN_KERNEL), at(30, 1, 'sys_fsync -> 0x0'))),
    ).toEqual([
      ['fsync', 10, 30],
      ['fault', 20, NaN],
    ])
  })
})

describe('a fault', () => {
  const ask = (us: number, write = false) => at(us, 1, `mmap_lock_start_locking: ${MM} write=${write}`)
  const got = (us: number) => at(us, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`)
  const gone = (us: number) => at(us, 1, `mmap_lock_released: ${MM} write=false`)
  const handled = (us: number, result: string) => [
    at(us, 1, `dax_pte_fault: ${DAX} `),
    at(us + 2, 1, `dax_pte_fault_done: ${DAX} ${result}`),
  ]

  it('in the kernel and one in user mode are two, of the same page and instruction, too', () => {
    const trap = (us: number, where: string) =>
      at(us, 1, `page_fault_${where}: address=0x7f0000001008 ip=0x4020a0 error_code=0x6`)
    expect(opTimes(traceOf(first, trap(10, 'kernel'), trap(20, 'user'))).map(([, from]) => from)).toEqual([10, 20])
    expect(opTimes(traceOf(first, trap(10, 'user'), trap(20, 'user'))).map(([, from]) => from)).toEqual([10])
    // Another address in the same page is the same page.
    const near = at(20, 1, 'page_fault_user: address=0x7f0000001ff8 ip=0x4020a0 error_code=0x6')
    expect(opTimes(traceOf(first, trap(10, 'user'), near))).toHaveLength(1)
  })

  it('that asks for a retry goes on where mmap_lock is asked for again', () => {
    const round = (us: number, result: string) => [ask(us), got(us + 1), ...handled(us + 2, result), gone(us + 6)]
    const retried = traceOf(first, at(9, 1, FAULT), ...round(10, 'RETRY'), ...round(30, 'NOPAGE'), at(60, 1, MAP))
    expect(opTimes(retried)).toEqual([['write_fault', 9, 36]])
    expect(locksOf(retried).map(({ op }) => op)).toEqual([0, 0])
    expect(opsOf(retried)[0].result).toBe(0)
    // One that is done does not: mmap_lock is asked for by something else then.
    const done = traceOf(first, at(9, 1, FAULT), ...round(10, 'NOPAGE'), ask(30), got(31), gone(36))
    expect(opTimes(done)).toEqual([['write_fault', 9, 16]])
    expect(locksOf(done).map(({ op }) => op)).toEqual([0, -1])
  })

  it('takes mmap_lock shared only, and only on a file', () => {
    const round = (us: number, write: boolean, ...between: readonly string[]) => [
      ask(us, write),
      at(us + 1, 1, `mmap_lock_acquire_returned: ${MM} write=${write} success=true`),
      ...between,
      at(us + 6, 1, `mmap_lock_released: ${MM} write=${write}`),
    ]
    const file = handled(12, 'RETRY')
    const belongs = (again: boolean, ...between: readonly string[]) =>
      locksOf(traceOf(first, at(9, 1, FAULT), ...round(10, false, ...between), ...round(30, again)))[1].op
    expect(belongs(false, ...file)).toBe(0)
    expect(belongs(true, ...file)).toBe(-1)
    expect(belongs(false)).toBe(-1)
  })

  it('that goes on is doing something again: who waits for it learns what', () => {
    const trace = traceOf(
      first,
      at(5, 1, `lock_acquire: ${B} &b`),
      at(9, 1, FAULT),
      at(10, 1, `dax_pte_fault: ${DAX} `),
      at(12, 1, `dax_pte_fault_done: ${DAX} RETRY`),
      at(13, 1, `lock_acquire: ${A} read &mm->mmap_lock`),
      at(14, 1, `lock_release: ${A} &mm->mmap_lock`),
      at(20, 1, FAULT),
      at(21, 2, `lock_acquire: ${B} &b`),
      at(21, 2, `lock_contended: ${B} &b`),
      at(40, 1, `lock_release: ${B} &b`),
    )
    expect(edgesOf(trace)).toMatchObject([{ overlapNs: 19_000, phase: 'other' }])
  })

  it('that asks for a retry takes it shared as lockdep shows it, too', () => {
    const round = (us: number, mode: string, ...between: readonly string[]) => [
      at(us, 1, `lock_acquire: ${A} ${mode}&mm->mmap_lock`),
      at(us, 1, `lock_acquired: ${A} &mm->mmap_lock`),
      ...between,
      at(us + 6, 1, `lock_release: ${A} &mm->mmap_lock`),
    ]
    const again = (mode: string) =>
      locksOf(traceOf(first, at(9, 1, FAULT), ...round(10, 'read ', ...handled(12, 'RETRY')), ...round(30, mode)))[1].op
    expect([again('read '), again('')]).toEqual([0, -1])
  })

  it('goes on with whatever shows it again: its trap, its handler, mmap_lock', () => {
    const asked = (lines: readonly string[]) =>
      edgesOf(
        traceOf(
          first,
          at(5, 1, `lock_acquire: ${B} &b`),
          at(9, 1, FAULT),
          ...[ask(10), got(11), ...handled(12, 'RETRY'), gone(16)],
          ...lines,
          at(31, 2, `lock_acquire: ${B} &b`),
          at(31, 2, `lock_contended: ${B} &b`),
          at(50, 1, `lock_release: ${B} &b`),
        ),
      ).map(({ phase }) => phase)
    expect(asked([])).toEqual([undefined])
    expect(asked([at(20, 1, FAULT)])).toEqual(['other'])
    expect(asked([at(20, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096')])).toEqual(['other'])
    expect(asked([ask(20)])).toEqual(['other'])
  })

  it('of a huge page that fell back is one of a small page', () => {
    const pmd = (us: number, what: string) =>
      at(
        us,
        1,
        `dax_pmd_fault${what.slice(0, 5)}: dev 259:0 ino 0xc shared WRITE address 0x7f0 pgoff 0x200 ${what.slice(5)}`,
      )
    expect(opsOf(traceOf(first, at(9, 1, FAULT), pmd(10, ''), pmd(12, '_doneFALLBACK')))).toMatchObject([
      { kind: 'write_fault' },
    ])
    expect(opsOf(traceOf(first, at(9, 1, FAULT), pmd(10, ''), pmd(12, '_doneNOPAGE')))).toMatchObject([
      { kind: 'pmd_fault' },
    ])
  })

  it('ends with a release of mmap_lock that was asked for unseen, too', () => {
    expect(opTimes(traceOf(first, at(10, 1, FAULT), gone(20), at(60, 1, 'sys_fsync(fd: 3)')))[0]).toEqual([
      'fault',
      10,
      20,
    ])
  })

  it('ends with the release of mmap_lock that it took, as lockdep shows it, too', () => {
    const lockdep = (us: number, what: string) =>
      at(us, 1, `lock_${what}: ${A} ${what === 'acquire' ? 'try read ' : ''}&mm->mmap_lock`)
    const trace = traceOf(
      first,
      at(10, 1, FAULT),
      lockdep(11, 'acquire'),
      lockdep(20, 'release'),
      at(60, 1, 'sys_fsync(fd: 3)'),
    )
    expect(opTimes(trace)[0]).toEqual(['fault', 10, 20])
  })

  it('does not end with the release of one that was taken before it', () => {
    const trace = traceOf(first, ask(5), got(6), at(10, 1, FAULT), gone(20), at(60, 1, 'sys_fsync(fd: 3)'))
    expect(opTimes(trace)[0]).toEqual(['fault', 10, NaN])
  })

  it('without its trap ends with its handler, and the next is another', () => {
    const trace = traceOf(first, ...handled(10, 'NOPAGE'), ...handled(20, 'NOPAGE'), at(60, 1, 'sys_fsync(fd: 3)'))
    // What follows while nothing else is told may be the same fault: a handler that is called again.
    expect(opTimes(trace)[0]).toEqual(['write_fault', 10, 22])
    const between = traceOf(first, ...handled(10, 'NOPAGE'), at(15, 1, MAP), ...handled(20, 'NOPAGE'))
    expect(opTimes(between)).toEqual([
      ['write_fault', 10, 12],
      ['write_fault', 20, 22],
    ])
  })

  it('keeps the first file it was told of, and the last offset that is one', () => {
    const trace = traceOf(
      first,
      at(10, 1, FAULT),
      at(11, 1, 'mm_filemap_fault: dev=254:0 ino=c ofs=4096'),
      at(12, 1, 'xfs_filemap_fault: dev 254:0 ino 0xd write_fault 0'),
    )
    expect(opsOf(trace)).toMatchObject([{ inode: '254:0:12', offset: 4096 }])
  })

  it('out of memory is -12, and its handler’s end is one of a fault only', () => {
    const oom = traceOf(first, at(9, 1, FAULT), ...handled(10, 'OOM'))
    expect(opsOf(oom)).toMatchObject([{ result: -12 }])
    const none = traceOf(
      first,
      at(8, 1, 'sys_fsync(fd: 3)'),
      at(10, 1, `dax_pte_fault_done: ${DAX} NOPAGE`),
      at(20, 1, 'sys_fsync -> 0x5'),
    )
    expect(opsOf(none)).toMatchObject([{ kind: 'fsync', result: 5 }])
    const alone = traceOf(first, at(10, 1, `dax_pte_fault_done: ${DAX} NOPAGE`))
    expect(opsOf(alone)).toEqual([])
    expect(diagnosed(alone, 'phase-end-without-begin')).toBe(1)
  })
})

describe('an operation of the file system alone', () => {
  const truncate = (us: number, what: string) => at(us, 1, `ext4_truncate_${what}: dev 259,0 ino 12 blocks 8`)
  const sync = (us: number, what: string, ret = '') => at(us, 1, `ext4_sync_file_${what}: dev 259,0 ino 12 ${ret}`)

  it('has both its ends, its file and its result', () => {
    const trace = traceOf(first, sync(10, 'enter', 'parent 2 datasync 0'), sync(30, 'exit', 'ret -5'))
    expect(opsOf(trace)).toMatchObject([
      { kind: 'fsync', startNs: 10_000, endNs: 30_000, inode: '259:0:12', result: -5, inferred: true },
    ])
    expect(codes(trace)).toEqual([])
  })

  it('ends by its own event only', () => {
    const trace = traceOf(first, sync(10, 'enter'), truncate(20, 'exit'), sync(30, 'exit', 'ret 0'))
    expect(opTimes(trace)).toEqual([['fsync', 10, 30]])
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(1)
    const none = traceOf(first, truncate(20, 'exit'))
    expect(opTimes(none)).toEqual([])
    expect(diagnosed(none, 'phase-end-without-begin')).toBe(1)
  })

  it('of a system call is a step of it, which does not end the call', () => {
    const trace = traceOf(
      first,
      at(5, 1, 'sys_ftruncate(fd: 3, length: 0)'),
      truncate(20, 'exit'),
      at(30, 1, 'sys_ftruncate -> 0x0'),
    )
    expect(opTimes(trace)).toEqual([['truncate', 5, 30]])
    expect(diagnosed(trace, 'phase-end-without-begin')).toBe(1)
  })

  it('begins after the fault before it is over', () => {
    const trace = traceOf(
      first,
      at(5, 1, FAULT),
      at(6, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096'),
      at(7, 1, `mmap_lock_start_locking: ${MM} write=false`),
      at(8, 1, `mmap_lock_acquire_returned: ${MM} write=false success=true`),
      at(9, 1, `mmap_lock_released: ${MM} write=false`),
      truncate(20, 'enter'),
      at(22, 1, `contention_begin: ${A} (flags=SPIN)`),
      at(25, 1, `contention_end: ${A} (ret=0)`),
      truncate(30, 'exit'),
    )
    expect(opsOf(trace).map(({ waitNs }) => waitNs)).toEqual([0, 3000])
    expect(opTimes(trace)).toEqual([
      ['write_fault', 5, 9],
      ['truncate', 20, 30],
    ])
  })

  it('a punch lasts until its last freed range where a second one follows', () => {
    const punch = (us: number) => [
      at(us, 1, 'ext4_punch_hole: dev 259,0 ino 12 offset 12288 len 4096 mode '),
      at(us + 2, 1, 'ext4_ext_remove_space: dev 259,0 ino 12 since 3 end 3 depth 1'),
      at(us + 8, 1, 'ext4_ext_remove_space_done: dev 259,0 ino 12 since 3 end 3 depth 1'),
    ]
    expect(opTimes(traceOf(first, ...punch(10), ...punch(50)))).toEqual([
      ['punch_hole', 10, 18],
      ['punch_hole', 50, 58],
    ])
    // One of which nothing was seen yet goes on.
    expect(opTimes(traceOf(first, punch(10)[0], ...punch(50)))).toEqual([['punch_hole', 10, 58]])
  })

  it('that is deduced lasts as long as the waits and the steps in it', () => {
    const wait = [
      at(12, 1, `lock_acquire: ${A} &a`),
      at(12, 1, `lock_contended: ${A} &a`),
      at(30, 1, `lock_acquired: ${A} &a`),
    ]
    const punch = at(10, 1, 'ext4_punch_hole: dev 259,0 ino 12 offset 12288 len 4096 mode ')
    expect(opTimes(traceOf(first, punch, ...wait, at(60, 1, 'sys_fsync(fd: 3)')))[0]).toEqual(['punch_hole', 10, 30])
    const fault = at(10, 1, 'mm_filemap_fault: dev=254:0 ino=d ofs=4096')
    expect(opTimes(traceOf(first, fault, ...wait, at(60, 1, 'sys_fsync(fd: 3)')))[0]).toEqual(['fault', 10, 30])
    const mapped = at(
      20,
      1,
      'ext4_ext_map_blocks_exit: dev 259,0 ino 12 flags CREATE lblk 1 pblk 5 len 1 mflags M ret 1',
    )
    expect(opTimes(traceOf(first, fault, at(12, 1, MAP), mapped, at(60, 1, 'sys_fsync(fd: 3)')))[0]).toEqual([
      'fault',
      10,
      20,
    ])
    expect(opTimes(traceOf(first, fault, at(12, 1, MAP), at(60, 1, 'sys_fsync(fd: 3)')))[0]).toEqual(['fault', 10, 12])
  })

  it('inside a system call lasts as it says itself: a wait in it does not tell its end', () => {
    const trace = traceOf(
      first,
      at(10, 1, 'sys_write(fd: 1, buf: 0x55d8, count: 2)'),
      at(12, 1, 'op_begin: kind=read ino=1 dev=1:1'),
      at(14, 1, `contention_begin: ${A} (flags=SPIN)`),
      at(17, 1, `contention_end: ${A} (ret=0)`),
      at(30, 1, 'sys_write -> 0x2'),
    )
    expect(opTimes(trace)).toEqual([
      ['write', 10, 30],
      ['read', 12, NaN],
    ])
  })

  it('without a begin has no end: op_end of nothing is counted', () => {
    const trace = traceOf(first, at(10, 1, 'op_end: ret=0'))
    expect(opTimes(trace)).toEqual([])
    expect(diagnosed(trace, 'exit-without-enter')).toBe(1)
  })
})
