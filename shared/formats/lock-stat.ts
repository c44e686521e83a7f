/**
 * /proc/lock_stat (CONFIG_LOCK_STAT, kernel/locking/lockdep_proc.c): a table per lock class, reads and writes apart, and up
 * to four call sites of waiters and of holders. It is no trace: it has no events and no times, but its figures can be asked
 * for and held against those of a trace. Times are printed in microseconds with two decimals.
 *
 *     &mm->mmap_lock-R:   21   283   6.17   52697.82   1957371.47   6916.51   40   2843   1.06   70501.18   2081557.74   732.17
 *     ----------------
 *       &mm->mmap_lock   276   [<00000000157fcfe4>] lock_mm_and_find_vma+0x17a/0x2a0
 */

import { decodeUtf8 } from '../base/bytes.ts'
import { ApiError } from '../base/errors.ts'
import * as code from '../model/diagnostics.ts'
import type { LockStatRow, LockStatSite } from '../model/extras.ts'
import { natureOf } from '../spans/lock-names.ts'
import type { Recorder } from '../spans/recorder.ts'
import type { FormatReader, StreamFormat } from './format.ts'
import { TextLines } from './text-lines.ts'

const VERSION = /^lock_stat version (\S+)/
/** Averages came with version 0.4 (Linux 3.13). */
const ROW =
  /^ *(\S.*?): +(\d+) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)(?: +([\d.]+))? +(\d+) +(\d+) +([\d.]+) +([\d.]+) +([\d.]+)(?: +([\d.]+))? *$/
const SITE = /^ *(\S.*?) +(\d+) +\[<([^>]*)>\] (.+)$/
const RULE = /^ *(-+|\.+)$/
const CAPTION = /^ *class name +con-bounces/
const WARNING = /^\*WARNING\*/
/** A row is a few hundred characters; longer lines are not matched against expressions. */
const COLUMNS = 1024

class LockStatReader implements FormatReader {
  readonly #recorder: Recorder
  readonly #lines: TextLines
  readonly #rows: LockStatRow[] = []
  readonly #sites: LockStatSite[] = []
  #version = ''
  /** Rules since the last row: the first opens the waiters' sites, the second the holders'. */
  #rules = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#lines = new TextLines({ recorder, columns: COLUMNS, line: (text) => this.#line(text) })
  }

  get lines(): number {
    return this.#lines.count
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes)
  }

  end(): void {
    this.#lines.end()
    const { builder } = this.#recorder
    if (this.#version === '' && this.#rows.length === 0) {
      throw new ApiError(
        'bad-input',
        'this is no /proc/lock_stat table: it has no line of one',
        'cat /proc/lock_stat > X',
      )
    }
    this.#lines.sayUnfinished()
    if (this.#rows.length === 0) {
      builder.diagnose(
        'warning',
        code.NO_EVENTS,
        'a lock_stat table without a class: was it on? echo 1 > /proc/sys/kernel/lock_stat',
      )
    }
    builder.lockStat = { version: this.#version, rows: this.#rows, sites: this.#sites }
  }

  #line(text: string): void {
    if (text.trim() === '' || CAPTION.test(text)) return
    const version = VERSION.exec(text)
    if (version !== null) this.#begin(version[1])
    else if (RULE.test(text)) this.#rules++
    else if (WARNING.test(text)) {
      this.#lines.diagnose('warning', 'lockdep-off', 'lockdep had switched itself off: counts stop at its last report')
    } else if (!this.#row(text) && !this.#site(text)) {
      this.#lines.skip(
        code.UNPARSED_LINE,
        `lines that are no lock_stat table, first: ${JSON.stringify(text.slice(0, 80))}`,
      )
    }
  }

  #begin(version: string): void {
    if (this.#version !== '') {
      this.#lines.diagnose('warning', code.SEVERAL_TRACES, 'another table begins here: only the last one counts')
      this.#rows.length = this.#sites.length = 0
    }
    this.#version = version
  }

  #row(text: string): boolean {
    const found = ROW.exec(text)
    if (found === null) return false
    const [, printed, bounces, contentions, waitMin, waitMax, waitTotal, waitMean, acqBounces, acquisitions] = found
    const [, , , , , , , , , , holdMin, holdMax, holdTotal, holdMean] = found
    this.#rules = 0
    const shared = printed.endsWith('-R')
    this.#rows.push({
      lockClass: this.#class(shared || printed.endsWith('-W') ? printed.slice(0, -2) : printed),
      mode: shared ? 'shared' : 'exclusive',
      contentions: Number(contentions),
      contentionBounces: Number(bounces),
      waitMinNs: ns(waitMin),
      waitMaxNs: ns(waitMax),
      waitTotalNs: ns(waitTotal),
      waitMeanNs: ns(waitMean),
      acquisitions: Number(acquisitions),
      acquisitionBounces: Number(acqBounces),
      holdMinNs: ns(holdMin),
      holdMaxNs: ns(holdMax),
      holdTotalNs: ns(holdTotal),
      holdMeanNs: ns(holdMean),
    })
    return true
  }

  #site(text: string): boolean {
    const found = SITE.exec(text)
    const last = this.#rows.at(-1)
    if (found === null || last === undefined) return false
    const role = this.#rules < 2 ? 'waiter' : 'holder'
    this.#sites.push({ lockClass: last.lockClass, role, site: found[4].trim(), count: Number(found[2]) })
    return true
  }

  #class(name: string): number {
    return this.#recorder.builder.lockClass(name, natureOf(name).kind)
  }
}

/** Microseconds with decimals to whole ns, without the error of a multiplication. */
function ns(printed: string | undefined): number {
  if (printed === undefined) return NaN
  const [whole, fraction = ''] = printed.split('.')
  return Math.min(Number.MAX_SAFE_INTEGER, Number(whole) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3)))
}

export const lockStat: StreamFormat = {
  input: 'stream',
  id: 'lock-stat',
  title: '/proc/lock_stat table',
  extensions: ['txt'],
  sniff(head) {
    const lines = decodeUtf8(head, 0, Math.min(head.length, 16_384)).split('\n').slice(0, 60)
    if (lines.some((line) => VERSION.test(line))) return 1
    return lines.some((line) => line.length < COLUMNS && ROW.test(line)) ? 0.9 : 0
  },
  reader: (recorder) => new LockStatReader(recorder),
}
