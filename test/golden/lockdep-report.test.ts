/**
 * lockdep's reports in the spellings in which they travel: dmesg, syslog, mail, old kernels, syzbot. The chain of a report
 * becomes lock orders whose circle the lock-order analysis finds by itself; what tasks held is kept with its call sites.
 */

import { expect, it } from 'vitest'
import { lockOrder, type LockOrderResult } from '#shared/analysis/lock-order.ts'
import { ApiError } from '#shared/base/errors.ts'
import { sniff } from '#shared/formats/index.ts'
import { lockdepReport } from '#shared/formats/lockdep-report.ts'
import { lockOf } from '#shared/formats/lockdep-report-lines.ts'
import { assertTrace } from '#shared/model/check.ts'
import { TraceBuilder } from '#shared/model/builder.ts'
import { TraceCollector } from '#shared/model/collect.ts'
import type { LockReport } from '#shared/model/extras.ts'
import type { Trace } from '#shared/model/trace.ts'
import { Recorder } from '#shared/spans/recorder.ts'
import { feed } from '../support/read-text.ts'

function read(text: string, chunk?: number): Trace {
  const collector = new TraceCollector()
  const recorder = new Recorder(new TraceBuilder(collector, 'test', 'lockdep-report'))
  const reader = lockdepReport.reader(recorder)
  const bytes = Buffer.from(text)
  feed(reader, bytes, chunk ?? bytes.length)
  reader.end()
  recorder.end()
  const trace = collector.trace()
  assertTrace(trace)
  return trace
}

const reports = (text: string): readonly LockReport[] => read(text).extras?.lockReports ?? []
const order = (trace: Trace): LockOrderResult => lockOrder.run(trace, lockOrder.params.parse({}))

/** Per order: what was asked for, in which function, by whom. */
const CALLERS = [
  ['sb_pagefaults', 'ext4_dax_huge_fault', '?'],
  ['jbd2_handle', 'start_this_handle', '?'],
  ['mapping.invalidate_lock', 'ext4_punch_hole', 'punch-hole-0 9'],
]

/** Hole punch: handle, then mapping; fault: mapping, then handle (the order that killed the 2014 plan, with 6.x's names). */
const CIRCULAR = `
======================================================
WARNING: possible circular locking dependency detected
6.1.192-faultline-lockdep #3 Not tainted
------------------------------------------------------
punch-hole-0 9/9071 is trying to acquire lock:
ffff888104d2b6a8 (mapping.invalidate_lock){++++}-{3:3}, at: ext4_punch_hole+0x14d/0x560

but task is already holding lock:
ffff88810b2f8990 (jbd2_handle){++++}-{0:0}, at: start_this_handle+0x1a1/0x6c0

which lock already depends on the new lock.


the existing dependency chain (in reverse order) is:

-> #2 (jbd2_handle){++++}-{0:0}:
       lock_acquire+0xd4/0x2f0
       start_this_handle+0x212/0x6c0
       jbd2__journal_start+0xfd/0x240
       ext4_dax_huge_fault+0x1a0/0x3e0
       __do_fault+0x31/0x80

-> #1 (sb_pagefaults){.+.+}-{0:0}:
       lock_acquire+0xd4/0x2f0
       ? __pfx_lock_acquire+0x10/0x10
       ext4_dax_huge_fault+0x40/0x3e0

-> #0 (mapping.invalidate_lock){++++}-{3:3}:
       __lock_acquire+0x13e1/0x21d0
       lock_acquire+0xd4/0x2f0
       down_write+0x3a/0xc0
       ext4_punch_hole+0x14d/0x560

other info that might help us debug this:

Chain exists of:
  mapping.invalidate_lock --> sb_pagefaults --> jbd2_handle

 Possible unsafe locking scenario:

       CPU0                    CPU1
       ----                    ----
  lock(jbd2_handle);
                               lock(sb_pagefaults);
                               lock(jbd2_handle);
  lock(mapping.invalidate_lock);

 *** DEADLOCK ***

2 locks held by punch-hole-0 9/9071:
 #0: ffff888104d2b508 (&sb->s_type->i_mutex_key#6){++++}-{3:3}, at: ext4_punch_hole+0x94/0x560
 #1: ffff88810b2f8990 (jbd2_handle){++++}-{0:0}, at: start_this_handle+0x1a1/0x6c0

stack backtrace:
CPU: 1 PID: 9071 Comm: punch-hole-0 9 Not tainted 6.1.192-faultline-lockdep #3
Call Trace:
 <TASK>
 dump_stack_lvl+0x5b/0x77
 ext4_punch_hole+0x14d/0x560
 </TASK>
`

const LAYOUTS: readonly (readonly [string, (line: string, i: number) => string])[] = [
  ['as the console prints it', (line) => line],
  ['dmesg with times', (line, i) => `[  781.${String(752_971 + i).padStart(6, '0')}] ${line}`],
  ['dmesg with callers and levels', (line, i) => `<4>[   14.${530_533 + i}][ T171] ${line}`],
  ['syslog', (line) => `Nov 21 07:00:01 dax-host kernel: [  100.000001] ${line}`],
  ['journal with a time zone', (line) => `2026-11-21T07:00:01.123456+00:00 dax-host kernel: ${line}`],
  ['dmesg -T', (line) => `[Mon Nov  2 17:49:00 2026] ${line}`],
  ['dmesg -T with callers', (line) => `[Mon Nov 23 17:49:00 2026][ T171] ${line}`],
  ['dmesg -x', (line, i) => `kern  :warn  : [  781.${String(752_971 + i).padStart(6, '0')}] ${line}`],
  ['dmesg --time-format iso', (line) => `2026-11-23T17:49:00,123456+00:00 ${line}`],
  ['journalctl -o short-precise', (line) => `Nov 23 17:49:00.123456 dax-host kernel: ${line}`],
  ['a journal that numbers the kernel', (line) => `Nov 23 17:49:00 dax-host kernel[1]: [  100.000001] ${line}`],
  ['a console that names CPUs', (line, i) => `[  781.${String(752_971 + i).padStart(6, '0')}@1] ${line}`],
  ['quoted in mail', (line) => `> ${line}`],
  ['quoted twice', (line) => `> > ${line}`],
  ['with a bar', (line) => `| ${line}`],
]

it.each(LAYOUTS)('a circular report, %s, is the same report', (_, layout) => {
  const text = `${CIRCULAR.split('\n').map(layout).join('\n')}\n`
  expect(sniff(Buffer.from(text)).id).toBe('lockdep-report')
  const trace = read(text)
  const [report, ...others] = trace.extras?.lockReports ?? []
  expect(others).toEqual([])
  expect(report).toMatchObject({
    kind: 'circular',
    kernel: '6.1.192-faultline-lockdep',
    wanted: { class: 'mapping.invalidate_lock', site: 'ext4_punch_hole+0x14d/0x560', usage: '++++', waitType: '3:3' },
    against: { class: 'jbd2_handle', address: 'ffff88810b2f8990' },
    tasks: [
      { comm: 'punch-hole-0 9', pid: 9071, held: [{ class: '&sb->s_type->i_mutex_key#6' }, { class: 'jbd2_handle' }] },
    ],
  })
  expect(report.edges.map(({ from, to, stack }) => [from, to, stack.length])).toEqual([
    ['mapping.invalidate_lock', 'sb_pagefaults', 2],
    ['sb_pagefaults', 'jbd2_handle', 5],
    ['jbd2_handle', 'mapping.invalidate_lock', 4],
  ])
  expect(report.scenario).toContain('lock(mapping.invalidate_lock);')
  const { cycles, edges, blind } = order(trace)
  expect(blind).toBe(false)
  expect(cycles.map(({ classes }) => [...classes].sort())).toEqual([
    ['jbd2_handle', 'mapping.invalidate_lock', 'sb_pagefaults'],
  ])
  expect(edges.every((edge) => edge.report === 0 && edge.heldSpan === -1)).toBe(true)
  // Each order with the function that asked; whose the older ones were lockdep does not know.
  expect(edges.map(({ to, caller, task }) => [to, caller, task.comm])).toEqual(CALLERS)
  // The report's own order is what closed the circle.
  expect(edges[cycles[0]?.edges[0] ?? -1]).toMatchObject({ from: 'jbd2_handle', to: 'mapping.invalidate_lock' })
  expect(trace.meta.eventCount).toBe(1)
})

it('is read the same however it is cut', () => {
  expect(read(CIRCULAR, 13).extras).toEqual(read(CIRCULAR).extras)
})

it('an old kernel prints brackets, five usage bits and addresses before names', () => {
  const [report] = reports(`
=============================================
[ INFO: possible recursive locking detected ]
4.10.0-dax #1 Not tainted
---------------------------------------------
as/6557 is trying to acquire lock:
 (&(&((cluster_info + ci)->lock))->rlock){+.+.-.}, at: [<ffffffff811ddd03>] cluster_list_add_tail.part.31+0x33/0x70

but task is already holding lock:
 (&(&((cluster_info + ci)->lock))->rlock){+.+.-.}, at: [<ffffffff811df2bb>] swapcache_free_entries+0x9b/0x330

other info that might help us debug this:
 Possible unsafe locking scenario:

       CPU0
       ----
  lock(&(&((cluster_info + ci)->lock))->rlock);
  lock(&(&((cluster_info + ci)->lock))->rlock);

 *** DEADLOCK ***

1 lock held by as/6557:
 #0:  (&(&cache->free_lock)->rlock){......}, at: [<ffffffff811c206b>] free_swap_slot+0x8b/0x110
`)
  const name = '&(&((cluster_info + ci)->lock))->rlock'
  expect(report).toMatchObject({
    kind: 'recursive',
    title: 'INFO: possible recursive locking detected',
    wanted: { class: name, site: 'cluster_list_add_tail.part.31+0x33/0x70', address: null },
    against: { class: name, site: 'swapcache_free_entries+0x9b/0x330' },
    edges: [{ from: name, to: name }],
    tasks: [{ comm: 'as', pid: 6557, held: [{ site: 'free_swap_slot+0x8b/0x110' }] }],
  })
})

it('an inconsistent lock state has no order, but a lock and where it was taken otherwise', () => {
  const [report] = reports(`
================================
WARNING: inconsistent lock state
6.1.0 #1 Not tainted
--------------------------------
inconsistent {SOFTIRQ-ON-W} -> {IN-SOFTIRQ-W} usage.
swapper/0/0 [HC0[0]:SC1[1]:HE1:SE0] takes:
ffff888100a2d0d8 (&xa->xa_lock#3){+.?.}-{2:2}, at: dax_entry_mkclean+0x1a/0x90
{SOFTIRQ-ON-W} state was registered at:
  lock_acquire+0xd4/0x2f0
  _raw_spin_lock+0x2c/0x40
  dax_wake_entry+0x33/0x70
irq event stamp: 3224
hardirqs last  enabled at (3224): [<ffffffff81c01a4a>] asm_sysvec_apic_timer_interrupt+0x1a/0x20

other info that might help us debug this:
 Possible unsafe locking scenario:

       CPU0
       ----
  lock(&xa->xa_lock#3);
  <Interrupt>
    lock(&xa->xa_lock#3);

 *** DEADLOCK ***

no locks held by swapper/0/0.
`)
  expect(report).toMatchObject({ kind: 'inconsistent', wanted: { class: '&xa->xa_lock#3', usage: '+.?.' }, edges: [] })
  expect(report.scenario).toContain('<Interrupt>')
  expect(report.tasks[0]).toMatchObject({ comm: 'swapper/0', pid: 0 })
})

it('syzbot resolves call sites and inlines; consoles break class names over lines', () => {
  const [report] = reports(`
======================================================
WARNING: possible circular locking dependency detected
6.12.0-rc5-syzkaller #0 Not tainted
------------------------------------------------------
syz.6.2203/14529 is trying to acquire lock:
ffff888032ab3468 (&pipe->mutex){+.+.}-{3:3}, at: pipe_lock fs/pipe.c:92 [inline]
ffff888032ab3468 (&pipe->mutex){+.+.}-{3:3}, at: pipe_lock+0x64/0x80 fs/pipe.c:89

but task is already holding lock:
ffff88802c2dc420 (sb_writers#6){.+.+}-{0:0}, at: __do_splice+0x327/0x360 fs/splice.c:1436

the existing dependency chain (in reverse order) is:

-> #1 (
sb_writers#6
){.+.+}-{0:0}:
       percpu_down_read include/linux/percpu-rwsem.h:51 [inline]
       mnt_want_write+0x6f/0x450 fs/namespace.c:515

-> #0 (&pipe->mutex){+.+.}-{3:3}:
       pipe_lock+0x64/0x80 fs/pipe.c:89

1 lock held by syz.6.2203/14529:
 #0: 
ffff88802c2dc420
 (
sb_writers#6
){.+.+}-{0:0}, at: __do_splice+0x327/0x360 fs/splice.c:1436
`)
  expect(report.wanted).toMatchObject({ class: '&pipe->mutex', site: 'pipe_lock+0x64/0x80' })
  expect(report.against).toMatchObject({ class: 'sb_writers#6' })
  expect(report.edges).toEqual([
    { from: '&pipe->mutex', to: 'sb_writers#6', stack: ['mnt_want_write+0x6f/0x450'] },
    { from: 'sb_writers#6', to: '&pipe->mutex', stack: ['pipe_lock+0x64/0x80'] },
  ])
})

it('a hung task and the list of all held locks are two reports', () => {
  const found = reports(`
[  243.200001] INFO: task fsync: 0:9074 blocked for more than 120 seconds.
[  243.200002]       Not tainted 6.1.192 #3
[  243.200003] task:fsync: 0        state:D stack:0     pid:9074  ppid:9060
[  243.200010] Showing all locks held in the system:
[  243.200011] 1 lock held by khungtaskd/30:
[  243.200012]  #0: ffffffff82c51af0 (rcu_read_lock){....}-{1:2}, at: debug_show_all_locks+0x15/0x16b
[  243.200013] 2 locks held by trunc/0/9072:
[  243.200014]  #0: ffff888101975278 (sb_writers#4){.+.+}-{0:0}, at: do_sys_ftruncate+0x12/0x20
[  243.200015]  #1: ffff888101975420 (&sb->s_type->i_mutex_key#6){++++}-{3:3}, at: do_truncate+0x77/0xc0
`)
  expect(found.map(({ kind }) => kind)).toEqual(['hung-task', 'held-locks'])
  expect(found[0].tasks).toEqual([{ comm: 'fsync: 0', pid: 9074, held: [] }])
  expect(found[0].atNs).toBe(243_200_001_000)
  expect(found[0].kernel).toBe('6.1.192')
  expect(found[1].tasks.map(({ comm, pid, held }) => [comm, pid, held.length])).toEqual([
    ['khungtaskd', 30, 1],
    ['trunc/0', 9072, 2],
  ])
})

it('an order between interrupt-safe and unsafe locks is an order', () => {
  const [report] = reports(`
=====================================================
WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected
6.1.0 #1 Not tainted
-----------------------------------------------------
msync<0>/30235 [HC0[0]:SC0[2]:HE1:SE0] is trying to acquire:
ffff888100000010 (&ei->i_es_lock){++++}-{2:2}, at: ext4_es_lookup_extent+0x31/0x90

and this task is already holding:
ffff888100000020 (&xa->xa_lock#3){..-.}-{2:2}, at: dax_writeback_one+0x11/0x20
which would create a new lock dependency:
 (&xa->xa_lock#3){..-.}-{2:2} -> (&ei->i_es_lock){++++}-{2:2}
`)
  expect(report).toMatchObject({ kind: 'irq-safe-unsafe', tasks: [{ comm: 'msync<0>', pid: 30_235 }] })
  expect(report.edges).toEqual([{ from: '&xa->xa_lock#3', to: '&ei->i_es_lock', stack: [] }])
})

it('the locks that such an order connects are not the ones it is between', () => {
  const [report] = reports(`
=====================================================
WARNING: SOFTIRQ-safe -> SOFTIRQ-unsafe lock order detected
6.1.0 #1 Not tainted
-----------------------------------------------------
msync/30235 [HC0[0]:SC0[2]:HE1:SE0] is trying to acquire:
ffff888100000010 (&ei->i_es_lock){++++}-{2:2}, at: ext4_es_lookup_extent+0x31/0x90

and this task is already holding:
ffff888100000020 (&xa->xa_lock#3){..-.}-{2:2}, at: dax_writeback_one+0x11/0x20
which would create a new lock dependency:
 (&xa->xa_lock#3){..-.}-{2:2} -> (&ei->i_es_lock){++++}-{2:2}

but this new dependency connects a SOFTIRQ-irq-safe lock:
 (&timer->lock){..-.}-{2:2}

... which became SOFTIRQ-irq-safe at:
  lock_acquire+0xd4/0x2f0

to a SOFTIRQ-irq-unsafe lock:
 (&journal->j_state_lock){++++}-{2:2}

... which became SOFTIRQ-irq-unsafe at:
...
  lock_acquire+0xd4/0x2f0
`)
  expect(report.against).toMatchObject({ class: '&xa->xa_lock#3' })
  expect(report.edges).toEqual([{ from: '&xa->xa_lock#3', to: '&ei->i_es_lock', stack: [] }])
})

it('a lock taken twice in one function is asked for in one place and held in another', () => {
  const [report] = reports(`
============================================
WARNING: possible recursive locking detected
6.12.0 #1 Not tainted
--------------------------------------------
cat/123 is trying to acquire lock:
ffffffffc0a0b018 (lock_A){+.+.}-{3:3}, at: take_twice+0x30/0x40 [lkdtm]

but task is already holding lock:
ffffffffc0a0b018 (lock_A){+.+.}-{3:3}, at: take_twice+0x20/0x40 [lkdtm]
`)
  expect(report).toMatchObject({
    wanted: { site: 'take_twice+0x30/0x40' },
    against: { site: 'take_twice+0x20/0x40' },
    edges: [{ from: 'lock_A', to: 'lock_A' }],
  })
})

it('the inlined call sites of a lock are not another lock', () => {
  const [report] = reports(`
WARNING: inconsistent lock state
5.9.0-rc2-syzkaller #0 Not tainted
--------------------------------
inconsistent {IN-SOFTIRQ-W} -> {SOFTIRQ-ON-W} usage.
syz-executor.0/26715 [HC0[0]:SC0[0]:HE1:SE1] takes:
ffffffff8a64e8b8 (padata_works_lock){+.?.}-{2:2}, at: spin_lock include/linux/spinlock.h:354 [inline]
ffffffff8a64e8b8 (padata_works_lock){+.?.}-{2:2}, at: padata_do_parallel+0x1/0x2 kernel/padata.c:220
{IN-SOFTIRQ-W} state was registered at:
  spin_lock include/linux/spinlock.h:354 [inline]
`)
  expect(report.wanted?.site).toBe('padata_do_parallel+0x1/0x2')
  expect(report.against).toBeNull()
})

it('mail breaks lines before call sites', () => {
  const [inversion, list] = reports(`
>> [   83.296538] WARNING: possible irq lock inversion dependency detected
>> [   83.296539] 5.12.0-rc3+ #25 Tainted: G        W
>> [   83.296540] bash/780 just changed the state of lock:
>> [   83.296540] ffffffff82b29c98 (device_domain_lock){..-.}-{2:2}, at:
>>             iommu_flush_dev_iotlb.part.0+0x32/0x110
>> [   83.296547] but this lock took another, SOFTIRQ-unsafe lock in the past:
>> [   83.296547]  (pasid_lock){+.+.}-{2:2}
Showing all locks held in the system:
2 locks held by getty/9328:
  #0: ffff8880a89d3090 (&tty->ldisc_sem){++++}, at:  \nldsem_down_read+0x33/0x40 drivers/tty/tty_ldsem.c:340
  #1: (&hdl->lock){+.+...}, at: [<ffffffffa02919ba>]
find_ref_lock+0x24/0x46 [videodev]
2 locks held by rsyslogd/9238:
  #0: ffff8880a3d68120 (&f->f_pos_lock){+.+.}, at:
  #1: ffff8880a3d68220 (&p->lock){+.+.}, at:
`)
  expect(inversion).toMatchObject({
    wanted: { class: 'device_domain_lock', site: 'iommu_flush_dev_iotlb.part.0+0x32/0x110' },
    against: { class: 'pasid_lock', site: null },
  })
  expect(list.tasks.map(({ held }) => held.map(({ class: name, site }) => [name, site]))).toEqual([
    [
      ['&tty->ldisc_sem', 'ldsem_down_read+0x33/0x40'],
      ['&hdl->lock', 'find_ref_lock+0x24/0x46'],
    ],
    [
      ['&f->f_pos_lock', null],
      ['&p->lock', null],
    ],
  ])
})

it('what else is logged between the lines of a scenario is no part of it', () => {
  const noise = '[  782.000001][ T9] audit: type=1400 audit(1.1:2): avc:  denied  { read } for  pid=1'
  const text = CIRCULAR.split('\n').flatMap((line) => [line, noise])
  expect(reports(text.join('\n'))[0].scenario).toEqual(reports(CIRCULAR)[0].scenario)
})

it('a log without a report is refused in one sentence', () => {
  expect(() => read('[    1.000000] Linux version 6.1.0\n[    1.000001] Command line: quiet\n')).toThrow(ApiError)
})

it('a report that stops anywhere is what had come so far', () => {
  for (let cut = 120; cut < CIRCULAR.length; cut += 11) {
    const [report] = reports(CIRCULAR.slice(0, cut))
    expect(report.kind).toBe('circular')
    expect(report.edges.length).toBeLessThanOrEqual(3)
  }
})

it.each([
  ['ffff888 (a){+.+.}-{3:3}, at: f+0x1/0x2', undefined],
  [
    'ffff8881 ((work_completion)(&(&x->w)->work)){+.+.}-{0:0}, at: process_one_work+0x12a2/0x1b70',
    '(work_completion)(&(&x->w)->work)',
  ],
  ['(____ptrval____) (&type->i_mutex_dir_key#7/1){+.+.}, at: filename_create+0xd8/0x2b0', '&type->i_mutex_dir_key#7/1'],
  ['8102a8a4 (cpu_hotplug_lock){++++}-{0:0}, at: hi_cpufreq_target+0x30c/0x474 [hi_pmoc]', 'cpu_hotplug_lock'],
])('the lock in %s', (line, name) => {
  expect(lockOf(line)?.class).toBe(name)
})
