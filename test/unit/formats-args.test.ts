/** Payloads as named fields: each spelling the kernel and trace-cmd have, the same names whichever tool printed them. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventArgs } from '#shared/formats/event-args.ts'
import { readFixture } from '../support/corpus.ts'
import { expectLinear } from '../support/growth.ts'
import { eventsOf, readText } from '../support/read-text.ts'

describe('an event has the same fields from tracefs and from trace-cmd', () => {
  it.each([
    [
      'sys_fallocate',
      'fd: 6, mode: 3, offset: 265000, len: 17000',
      'sys_enter_fallocate',
      'fd: 0x00000006, mode: 0x00000003, offset: 0x00265000, len: 0x00017000',
    ],
    ['sys_write', '-> 0xfffffffffffffff2', 'sys_exit_write', '0xfffffffffffffff2'],
    ['sched_wakeup', 'comm=npm ci pid=9257 prio=120 target_cpu=001', 'sched_wakeup', 'npm ci:9257 [120] CPU:001'],
    [
      'sched_switch',
      'prev_comm=npm ci prev_pid=9249 prev_prio=120 prev_state=S ==> next_comm=cc1 next_pid=9635 next_prio=125',
      'sched_switch',
      'npm ci:9249 [120] S ==> cc1:9635 [125]',
    ],
    [
      'contention_begin',
      '00000000bc512a5b (flags=SPIN|MUTEX)',
      'contention_begin',
      '00000000bc512a5b (flags=SPIN|MUTEX)',
    ],
  ])('%s', (name, text, reportName, report) => {
    expect(eventArgs(name, text)).toEqual(eventArgs(reportName, report))
  })
})

describe('perf puts the system before an event: it has the same fields', () => {
  it.each([
    ['lock:lock_acquire', '0xffff888100000001 try read &mm->mmap_lock', { read: 1, name: '&mm->mmap_lock' }],
    ['lock:lock_release', '0xffff888100000001 &mm->mmap_lock', { name: '&mm->mmap_lock' }],
    ['lock:contention_begin', '0xffff888100000001 (flags=MUTEX)', { flags: 'MUTEX' }],
    ['fs_dax:dax_pte_fault_done', 'dev 259:0 ino 0xd shared WRITE|ALLOW_RETRY address 0x7f00 pgoff 0x1 NOPAGE', { result: 'NOPAGE' }], // prettier-ignore
    ['syscalls:sys_exit_fallocate', '0xffffffffffffffea', { ret: -22 }],
    ['syscalls:sys_enter_write', 'fd: 0x00000003, buf: 0x7f00, count: 0x00000010', { fd: 3, buf: '0x7f00', count: 16 }],
    ['filemap:mm_filemap_add_to_page_cache', 'dev 254:0 ino 52 pfn=0x1 ofs=0 order=0', { ino: 82, ofs: 0 }],
    ['sched:sched_wakeup', 'a b:9 [120] CPU:001', { comm: 'a b', pid: 9, target_cpu: 1 }],
    ['ftrace:print', 'ip: mark a=1', { text: 'ip: mark a=1' }],
    ['cycles:u', '', {}],
  ])('%s', (name, payload, some) => {
    expect(eventArgs(name, payload)).toEqual(eventArgs(name.slice(name.indexOf(':') + 1), payload))
    expect(eventArgs(name, payload)).toMatchObject(some)
  })
})

describe('spellings', () => {
  it.each([
    ['sys_exit_write', '__syscall_nr=0x1 (1) ret=0xfffffffffffffff2 (-14)', { __syscall_nr: 1, ret: -14 }],
    [
      'contention_begin',
      'lock_addr=0xffff888235063f38 (-131382159982792) flags=0x2 (2)',
      { lock_addr: '0xffff888235063f38', flags: 2 },
    ],
    [
      'mm_filemap_fault',
      'i_ino=0x52db4 (339380) s_dev=0xfe00000 (266338304) index=0x6 (6)',
      { i_ino: 339380, s_dev: 266338304, index: 6 },
    ],
    [
      'mmap_lock_released',
      'mm=0xffff888235065780 (-131382159976576) memcg_id=0x1 (1) write=(1)',
      { mm: '0xffff888235065780', memcg_id: 1, write: 1 },
    ],
    [
      'sched_waking',
      'comm=x (2) y pid=0x12 (18) prio=0x0 (0) target_cpu=0x0 (0)',
      { comm: 'x (2) y', pid: 18, prio: 0, target_cpu: 0 },
    ],
  ])('fields of the record that tracefs prints twice: %s', (name, text, fields) => {
    expect(eventArgs(name, text)).toEqual(fields)
  })

  it('types of the arguments of a system call are no part of their names', () => {
    const text = 'unsigned int fd: 0xb, const char * buf: 0x55e7e401bd60, size_t count: 0x1000'
    expect(eventArgs('sys_write', text)).toEqual({ fd: 11, buf: '0x55e7e401bd60', count: 4096 })
  })

  it('a result that is no number of the kernel is kept as it stands', () => {
    expect(eventArgs('sys_exit_read', '__syscall_nr=0 ret=0x5 or so')).toEqual({ __syscall_nr: 0, ret: '0x5 or so' })
    expect(eventArgs('sys_exit_read', '0X2')).toEqual({ text: '0X2' })
    expect(eventArgs('sys_read', '-> 0x0X2')).toEqual({ text: '-> 0x0X2' })
  })

  it.each([
    [
      'lock_acquire',
      '00000000666de70a try read &mm->mmap_lock',
      { lockdep_addr: '00000000666de70a', try: 1, read: 1, name: '&mm->mmap_lock' },
    ],
    [
      'lock_acquire',
      '(____ptrval____) bit_wait_table + i',
      { lockdep_addr: '(____ptrval____)', try: 0, read: 0, name: 'bit_wait_table + i' },
    ],
    [
      'lock_release',
      '0000000041d27662 &(&sig->stats_lock)->lock',
      { lockdep_addr: '0000000041d27662', name: '&(&sig->stats_lock)->lock' },
    ],
    [
      'lock_acquire',
      'lockdep_addr=0xffff8880 flags=3 name=&mm->mmap_lock',
      { lockdep_addr: '0xffff8880', flags: 3, name: '&mm->mmap_lock', try: 1, read: 1 },
    ],
    ['contention_end', '00000000bc512a5b (ret=-4)', { lock_addr: '00000000bc512a5b', ret: -4 }],
    [
      'hrtimer_expire_entry',
      'hrtimer=0000000018177261 function=tick_nohz_handler now=1471631201812200',
      { hrtimer: '0000000018177261', function: 'tick_nohz_handler', now: 1471631201812200 },
    ],
    [
      'page_fault_user',
      'address=0x7f274c536010 ip=0x4020a0 error_code=0x14',
      { address: '0x7f274c536010', ip: '0x4020a0', error_code: 20 },
    ],
    [
      'mmap_lock_released',
      'mm=00000000f4bc8b19 memcg_path= write=true',
      { mm: '00000000f4bc8b19', memcg_path: '', write: 'true' },
    ],
    [
      'ext4_ext_map_blocks_exit',
      'dev 259,0 ino 12 flags  lblk 485 pblk 0 len 1 mflags  ret 0',
      { dev: '259,0', ino: 12, flags: '', lblk: 485, pblk: 0, len: 1, mflags: '', ret: 0 },
    ],
    [
      'ext4_punch_hole',
      'dev 7,0 ino 13 offset 4038656 len 16384 mode ',
      { dev: '7,0', ino: 13, offset: 4038656, len: 16384, mode: '' },
    ],
    [
      'ext4_es_lookup_extent_exit',
      'dev 7,0 ino 13 found 1 [0/4294967295) 0 HR',
      { dev: '7,0', ino: 13, found: 1, text: '[0/4294967295) 0 HR' },
    ],
    [
      'ext4_remove_blocks',
      'dev 259,0 ino 12 extent [1729(35521), 3]from 1729 to 1731 partial [pclu 0 lblk 0 state 0]',
      { dev: '259,0', ino: 12, extent: '[1729(35521), 3]', from: 1729, to: 1731, partial: '[pclu 0 lblk 0 state 0]' },
    ],
    [
      'ext4_da_reserve_space',
      'dev 7,0 ino 13 mode 0100644 i_blocks 0 reserve_blocks 1reserved_data_blocks 1',
      { dev: '7,0', ino: 13, mode: '0100644', i_blocks: 0, reserve_blocks: 1, reserved_data_blocks: 1 },
    ],
    [
      'ext4_journal_start_inode',
      'dev 7,0 blocks 3, rsv_blocks 0, ino 13, caller ext4_setattr+0x501/0xb00',
      { dev: '7,0', blocks: 3, rsv_blocks: 0, ino: 13, caller: 'ext4_setattr+0x501/0xb00' },
    ],
    [
      'dax_pte_fault_done',
      'dev 259:0 ino 0xc shared WRITE|USER address 0x7fb2 pgoff 0x1e5 NOPAGE',
      {
        dev: '259:0',
        ino: 12,
        address: '0x7fb2',
        pgoff: 485,
        result: 'NOPAGE',
        mapping: 'shared',
        flags: 'WRITE|USER',
      },
    ],
    [
      'dax_pmd_load_hole',
      'dev 259:1 ino 0xc shared address 0x7f87 zero_page 0000000095840a92 radix_entry 0x216c00d',
      {
        dev: '259:1',
        ino: 12,
        address: '0x7f87',
        zero_page: '0000000095840a92',
        radix_entry: '0x216c00d',
        mapping: 'shared',
      },
    ],
    ['mm_filemap_fault', 'dev=254:0 ino=20e9af ofs=794624', { dev: '254:0', ino: 0x20e9af, ofs: 794624 }],
    [
      'mm_filemap_add_to_page_cache',
      'dev 254:0 ino 12 pfn=0x188210 ofs=327680 order=0',
      { dev: '254:0', ino: 0x12, pfn: 0x188210, ofs: 327680, order: 0 },
    ],
    [
      'xfs_filemap_fault',
      'dev 259:1 ino 0x83 PTE write_fault 0',
      { dev: '259:1', ino: 0x83, write_fault: 0, text: 'PTE' },
    ],
    [
      'ext4_writepages',
      'dev 259,0 ino 12 nr_to_write 9223372036854775807',
      { dev: '259,0', ino: 12, nr_to_write: '9223372036854775807' },
    ],
    [
      'sys_mmap',
      'addr: 0, len: 801000, prot: 0, flags: 20022, fd: ffffffff, off: 0',
      { addr: '0x0', len: 0x801000, prot: 0, flags: 0x20022, fd: -1, off: 0 },
    ],
    ['function', 'ext4_map_blocks <-ext4_getblk', { func: 'ext4_map_blocks', parent: 'ext4_getblk' }],
    ['function', 'ext4_map_blocks <-- ext4_getblk', { func: 'ext4_map_blocks', parent: 'ext4_getblk' }],
    ['tracing_mark_write', 'faultline: begin op=mmap off=0', { text: 'faultline: begin op=mmap off=0' }],
    ['my_event', 'Just some words', { text: 'Just some words' }],
    ['my_event', '', {}],
    ['my_event', '__proto__=1 constructor=2', JSON.parse('{"__proto__":1,"constructor":2}') as Record<string, number>],
  ])('%s: %s', (name, payload, fields) => {
    expect(Object.entries(eventArgs(name, payload)).sort()).toEqual(Object.entries(fields).sort())
  })
})

describe('robustness', () => {
  const names = fc.constantFrom(
    'sys_write',
    'sys_exit_write',
    'lock_acquire',
    'contention_begin',
    'sched_switch',
    'dax_pte_fault',
    'mm_filemap_fault',
    'function',
    'ext4_x',
    'print',
  )
  const words = fc.constantFrom(
    '=',
    ' ',
    ': ',
    '0x',
    '-> ',
    '[',
    ']',
    '(',
    ' ==> ',
    'key',
    'a=b',
    'ret=0x',
    '5 (5)',
    'unsigned int fd',
    'dev 7,0',
    '\0',
    '😀',
    '9'.repeat(20),
    ', ',
  )

  it('whatever the payload, fields come back and are JSON', () => {
    const payload = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.array(words, { maxLength: 40 }).map((list) => list.join('')),
    )
    fc.assert(
      fc.property(names, payload, (name, text) => {
        const fields = eventArgs(name, text)
        for (const value of Object.values(fields)) {
          expect(typeof value === 'string' || Number.isSafeInteger(value)).toBe(true)
        }
        JSON.stringify(fields)
      }),
      { numRuns: 3000 },
    )
  })

  it('the work grows with the length of the payload, not with its square, in every spelling', () => {
    for (const name of [
      'sys_write',
      'lock_acquire',
      'sched_switch',
      'dax_x',
      'function',
      'ext4_x',
      'contention_begin',
    ]) {
      for (const unit of [' ', 'a=b ', 'a 1 ', ', a b ', 'a * ', 'x:1 [1] S ==> ', '[ ', ', a: ', 'a= ==> ', '0']) {
        expectLinear(65_000, `${name} ${JSON.stringify(unit)}`, (size) => {
          const payload = `dev 1 ${unit.repeat(Math.floor(size / unit.length))}`
          return () => {
            eventArgs(name, payload)
            eventArgs(name, payload.slice(6))
          }
        })
      }
    }
  })

  it('no word of a real payload is lost', () => {
    for (const file of ['ftrace/dax-ext4-lockdep.txt', 'ftrace/dax-xfs.txt', 'ftrace/same-as-report.txt']) {
      for (const { name, payload } of eventsOf(readText('ftrace', readFixture(file)))) {
        const fields = eventArgs(name, payload)
        const kept = JSON.stringify(fields)
        // Hex becomes decimal and punctuation goes; words and decimals stay.
        for (const word of payload.match(/(?<![\w])[a-zA-Z_]{3,}(?![\w(])/g) ?? []) {
          if (!/^(try|read|[a-f]+)$/.test(word)) expect(kept, payload).toContain(word)
        }
      }
    }
  })
})
