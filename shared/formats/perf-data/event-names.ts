/**
 * How perf names an event that is no tracepoint where the file has no name of it: by its type and number, with the letters
 * of what it was confined to (tools/perf/util/evsel.c: evsel__name, evsel__add_modifiers; H and G are left out, they depend
 * on perf's version).
 */

/** PERF_COUNT_HW_* and PERF_COUNT_SW_* of include/uapi/linux/perf_event.h, in their order, as perf spells them. */
const NAMES: readonly (readonly string[])[] = [
  'cycles instructions cache-references cache-misses branches branch-misses bus-cycles stalled-cycles-frontend stalled-cycles-backend ref-cycles'.split(
    ' ',
  ),
  'cpu-clock task-clock page-faults context-switches cpu-migrations minor-faults major-faults alignment-faults emulation-faults dummy bpf-output cgroup-switches'.split(
    ' ',
  ),
]
/** Bits of perf_event_attr's flags. */
const EXCLUDE = { user: 4, kernel: 5, hypervisor: 6 } as const
const PRECISE_IP = 15

interface Named {
  readonly type: number
  readonly config: number
  /** The first 32 flags, their first in the lowest bit; `precise` is two of them. */
  readonly flag: (bit: number) => boolean
  readonly precise: number
}

export function nameOf({ type, config, ...flags }: Named): string {
  const name = NAMES.at(type)?.[config]
  return name === undefined ? `perf:type-${type}-config-${config}` : `${name}${modifiers(flags)}`
}

/** The two bits of `precise_ip` in the first word of the flags: they stand there in either byte order. */
export function precisionIn(word: number): number {
  return (word >>> PRECISE_IP) & 3
}

function modifiers({ flag, precise }: Pick<Named, 'flag' | 'precise'>): string {
  let out = ''
  if (flag(EXCLUDE.kernel) || flag(EXCLUDE.user) || flag(EXCLUDE.hypervisor)) {
    if (!flag(EXCLUDE.kernel)) out += 'k'
    if (!flag(EXCLUDE.user)) out += 'u'
    if (!flag(EXCLUDE.hypervisor)) out += 'h'
  }
  out += 'p'.repeat(precise)
  return out === '' ? '' : `:${out}`
}
