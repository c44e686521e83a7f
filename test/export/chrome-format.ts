/**
 * The rules of the published "Trace Event Format" for what Faultline writes, over the file as JSON.parse gives it: phases and
 * the members each must have, metadata events, counters, slices that nest on their thread, flows whose ends are bound to
 * slices (`s` to the one around it, `f` with `bp: "e"` likewise). `violations` names what breaks one; a phase that is not
 * known here is one.
 */

type Json = Readonly<Record<string, unknown>>

interface Slice {
  readonly from: number
  readonly to: number
}

const METADATA: Readonly<Record<string, readonly [member: string, type: string]>> = {
  process_name: ['name', 'string'],
  thread_name: ['name', 'string'],
  process_labels: ['labels', 'string'],
  process_sort_index: ['sort_index', 'number'],
  thread_sort_index: ['sort_index', 'number'],
}
/** What an event of a phase may have beside `ph`. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = {
  X: ['name', 'cat', 'pid', 'tid', 'ts', 'dur', 'args'],
  i: ['name', 'cat', 'pid', 'tid', 'ts', 's', 'args'],
  C: ['name', 'pid', 'tid', 'ts', 'args'],
  s: ['name', 'cat', 'pid', 'tid', 'ts', 'id'],
  f: ['name', 'cat', 'pid', 'tid', 'ts', 'id', 'bp'],
  M: ['name', 'pid', 'tid', 'args'],
}

/** Microseconds with three decimals, as whole ns: doubles hold them exactly enough to round back. */
const ns = (us: unknown): number => Math.round(Number(us) * 1000)

export function violations(bytes: Uint8Array): string[] {
  const file = JSON.parse(Buffer.from(bytes).toString('utf8')) as { traceEvents: Json[]; displayTimeUnit?: unknown }
  const found: string[] = []
  const say = (at: number, what: string): void => void found.push(`event ${at}: ${what}`)
  if (file.displayTimeUnit !== 'ns' && file.displayTimeUnit !== 'ms') found.push('displayTimeUnit is neither ms nor ns')
  const threads = new Map<string, Slice[]>()
  const names = new Map<string, unknown>()
  const ends = new Map<string, { s: number[]; f: number[] }>()
  file.traceEvents.forEach((event, at) => {
    members(event, (what) => say(at, what))
    const { ph, name, pid, tid, ts, dur, id } = event
    const thread = `${String(pid)} ${String(tid)}`
    if (ph === 'M' && (name === 'thread_name' || name === 'process_name')) {
      const key = name === 'thread_name' ? thread : String(pid)
      if (names.has(key)) say(at, `${key} is named twice`)
      names.set(key, (event['args'] as Json)['name'])
    }
    if (ph === 'X') {
      const slices = threads.get(thread) ?? []
      threads.set(thread, slices)
      slices.push({ from: ns(ts), to: ns(ts) + ns(dur) })
    }
    if (ph === 's' || ph === 'f') {
      const key = `${String(event['cat'])} ${String(name)} ${String(id)}`
      const flow = ends.get(key) ?? { s: [], f: [] }
      ends.set(key, flow)
      flow[ph].push(at)
    }
  })
  for (const [thread, slices] of threads) nested(thread, slices, found)
  file.traceEvents.forEach((event, at) => {
    const thread = `${String(event['pid'])} ${String(event['tid'])}`
    if (event['ph'] === 'X' || event['ph'] === 'i') {
      if (!names.has(thread)) say(at, `on the thread ${thread}, which has no name`)
      if (!names.has(String(event['pid']))) say(at, `in the process ${String(event['pid'])}, which has no name`)
    }
  })
  flows(file.traceEvents, { ends, threads }, found)
  return found.slice(0, 20)
}

function members(event: Json, say: (what: string) => void): void {
  const { ph, name, pid, tid, ts, args } = event
  const allowed = MEMBERS[String(ph)] as readonly string[] | undefined
  if (allowed === undefined) return say(`phase ${String(ph)}`)
  for (const key of Object.keys(event)) if (key !== 'ph' && !allowed.includes(key)) say(`${String(ph)} with ${key}`)
  const needed = allowed.filter((key) => key !== 'args' || ph !== 'X')
  for (const key of needed) if (!(key in event)) say(`${String(ph)} without ${key}`)
  if (typeof name !== 'string' || name === '') say('no name')
  if (!Number.isSafeInteger(pid) || !Number.isSafeInteger(tid)) say('pid or tid is no number')
  if (ph !== 'M' && !(typeof ts === 'number' && ts >= 0)) say('no time')
  if (ph === 'X' && !(Number(event['dur']) >= 0)) say('a slice without a length')
  if (ph === 'i' && !['g', 'p', 't'].includes(String(event['s']))) say('an instant without a scope')
  if (ph === 'f' && event['bp'] !== 'e') say('an arrow that ends at the next slice')
  if (ph === 'C' && !Object.values(args as Json).every((value) => typeof value === 'number')) say('no counter values')
  if (ph !== 'M') return
  const [member, type] = METADATA[String(name)] ?? ['', '']
  if (member === '') say(`metadata ${String(name)}`)
  else if (typeof (args as Json)[member] !== type) say(`${String(name)} without ${member}`)
}

/** In the file's order, outer slices before inner ones, as viewers read them. */
function nested(thread: string, slices: readonly Slice[], found: string[]): void {
  const open: Slice[] = []
  for (const slice of slices) {
    while (open.length > 0 && open[open.length - 1].to <= slice.from) open.pop()
    const around = open.at(-1)
    if (around !== undefined && (slice.to > around.to || slice.from < around.from)) {
      found.push(`thread ${thread}: ${slice.from}-${slice.to} is half in ${around.from}-${around.to}`)
    }
    open.push(slice)
  }
}

interface Arrows {
  readonly ends: ReadonlyMap<string, { readonly s: readonly number[]; readonly f: readonly number[] }>
  readonly threads: ReadonlyMap<string, readonly Slice[]>
}

function flows(events: readonly Json[], { ends, threads }: Arrows, found: string[]): void {
  const bound = (at: number): boolean => {
    const { pid, tid, ts } = events[at]
    const slices = threads.get(`${String(pid)} ${String(tid)}`) ?? []
    return slices.some(({ from, to }) => from <= ns(ts) && ns(ts) <= to)
  }
  for (const [key, { s, f }] of ends) {
    if (s.length !== 1 || f.length !== 1) found.push(`flow ${key}: ${s.length} begins, ${f.length} ends`)
    else if (ns(events[s[0]]['ts']) > ns(events[f[0]]['ts'])) found.push(`flow ${key} goes back in time`)
    if (![...s, ...f].every(bound)) found.push(`flow ${key} is not bound to a slice`)
  }
}
