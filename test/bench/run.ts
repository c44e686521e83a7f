/**
 * `npm run bench [-- start|import|formats|answers|timeline|window|compare|kernel|races|whatif|simulate [--long]]`: what docs/figures.md's figures come from. Whole commands are measured as
 * processes, answers in one process, the first paint in a real Chromium. Bounds are the project's own; one that is missed
 * is marked and makes the run exit 3. Ratios against other programs are taken in the same run. Inputs come from the
 * corpus (FAULTLINE_CORPUS, or beside the repository) repeated to size; without it there is nothing to measure.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildProgram } from '#electron/launch/build.ts'
import { corpusDir, corpusPath, repoRoot } from '../support/corpus.ts'
import { benchAnswers } from './answers.ts'
import { benchCompareWindow } from './compare-window.ts'
import { writeBigTrace } from './big-trace.ts'
import { benchKernel } from './kernel.ts'
import { measure, median, printFigures, type Figure } from './measure.ts'
import { benchFormats } from './formats.ts'
import { benchExplore } from './explore.ts'
import { benchRaces } from './races.ts'
import { repeatDat } from './repeated-dat.ts'
import { repeatFile } from './repeated-file.ts'
import { benchSimulate } from './simulate.ts'
import { benchStart } from './start.ts'
import { benchTimeline } from './timeline.ts'
import { benchTimelineWindow } from './timeline-window.ts'
import { benchWhatIf } from './whatif.ts'
import { benchWindow } from './window.ts'

const LOCKS = 'dax/dax-ext4-faultheavy-lockstat.trace.txt.zst'
const MIXED = 'host/medium-ext4.trace.txt.zst'
const PERF_SCRIPT = 'host/medium-ext4.perf-script.txt'
const MEDIUM = 'dax/dax-ext4-medium.trace.txt.zst'
const LARGE = 'large/large-ext4.v7.dat'
/** How long it lasts, and a little. */
const LARGE_NS = 12_265_811_179n
const FAULTLINE = join(repoRoot, 'bin/faultline.mjs')
const RUNS = 3

interface Imported {
  readonly seconds: number
  readonly peakMiB: number | undefined
  readonly events: number
}

async function importOnce(input: string, out: string): Promise<Imported> {
  // Replacing a large file takes the file system up to 150 ms, which is no part of reading a trace.
  rmSync(out, { force: true })
  const { wallMs, peakMiB, stdout } = await measure(process.execPath, [
    FAULTLINE,
    'import',
    input,
    '--out',
    out,
    '--json',
  ])
  const { events } = JSON.parse(stdout) as { events: number }
  return { seconds: wallMs / 1000, peakMiB, events }
}

async function importMedian(input: string, out: string): Promise<Imported> {
  const runs: Imported[] = []
  for (let i = 0; i < RUNS; i++) runs.push(await importOnce(input, out))
  const peaks = runs.map((run) => run.peakMiB).filter((peak) => peak !== undefined)
  return {
    seconds: median(runs.map((run) => run.seconds)),
    events: runs[0].events,
    peakMiB: peaks.length > 0 ? Math.max(...peaks) : undefined,
  }
}

/** Import as a user sees it: start of the process to the finished file. */
async function benchImport(folder: string, { long }: { readonly long: boolean }): Promise<boolean> {
  const figures: Figure[] = []
  const perEvent: number[] = []
  for (const [name, source, sizes, least] of [
    ['tracefs text, lock events', LOCKS, long ? [0.5e6, 3e6, 12e6, 50e6] : [0.5e6, 3e6, 12e6], 1],
    ['tracefs text, mixed events', MIXED, [3e6], 1],
    ['perf script text', PERF_SCRIPT, [3e6], 1.2],
  ] as const) {
    for (const size of sizes) {
      const input = join(folder, 'input.txt')
      writeBigTrace(input, source, size)
      const { seconds, peakMiB, events } = await importMedian(
        input,
        join(folder, `${name.split(' ')[0]}-${size}.faultline`),
      )
      const goal = size === 3e6 ? { bound: { kind: 'min', value: least } as const } : {}
      figures.push({
        what: `${name}, ${size / 1e6} M events`,
        value: events / seconds / 1e6,
        unit: 'M events/s',
        ...goal,
      })
      if (peakMiB !== undefined) {
        const most = { 3e6: 600, 50e6: 2000 }[size]
        const memory = most === undefined ? {} : { bound: { kind: 'max', value: most } as const }
        figures.push({ what: '  peak resident memory', value: peakMiB, unit: 'MiB', ...memory })
      }
      if (source === LOCKS) perEvent.push((seconds - 0.3) / events)
      rmSync(input)
    }
  }
  const linear = perEvent[perEvent.length - 1] / perEvent[1]
  figures.push({
    what: `time per event, ${long ? 50 : 12} M against 3 M`,
    value: linear,
    unit: 'x',
    bound: { kind: 'max', value: 1.25 },
  })
  figures.push(...(await againstTraceCmd(folder)))
  if (long) figures.push(...(await largeDat(folder)))
  return printFigures('import (whole process, median of 3)', figures)
}

/** A trace.dat of 51.3 M events, against the one of 3.02 M that it repeats. */
async function largeDat(folder: string): Promise<Figure[]> {
  const once = corpusPath(LARGE)
  const often = join(folder, '51M.dat')
  const out = join(folder, '51M.faultline')
  repeatDat(once, often, { copies: 17, periodNs: LARGE_NS })
  const small = await importMedian(once, out)
  const large = await importOnce(often, out)
  rmSync(often)
  rmSync(out)
  const speed = large.events / large.seconds / 1e6
  const perEvent = (large.seconds - 0.3) / large.events / ((small.seconds - 0.3) / small.events)
  const memory = large.peakMiB === undefined ? [] : [large.peakMiB]
  return [
    { what: 'trace.dat, 51.3 M events', value: speed, unit: 'M events/s' },
    ...memory.map((value): Figure => {
      return { what: '  peak resident memory', value, unit: 'MiB', bound: { kind: 'max', value: 2000 } }
    }),
    { what: '  time per event, against 3.02 M', value: perEvent, unit: 'x', bound: { kind: 'max', value: 1.25 } },
  ]
}

/** The same 3 M events printed by trace-cmd, and imported by Faultline from that print; runs alternate. */
async function againstTraceCmd(folder: string): Promise<Figure[]> {
  const dat = corpusPath(LARGE)
  const text = join(folder, 'report.txt')
  try {
    execFileSync('sh', ['-c', 'exec trace-cmd report -i "$0" > "$1"', dat, text], { stdio: 'ignore' })
  } catch {
    console.log('  trace-cmd is not installed: not compared with it')
    return []
  }
  const ratios: number[] = []
  const binary: number[] = []
  const speeds: number[] = []
  let speed = 0
  for (let i = 0; i < RUNS; i++) {
    const theirs = await measure('trace-cmd', ['report', '-i', dat], { discard: true })
    const ours = await importOnce(text, join(folder, 'report.faultline'))
    const itself = await importOnce(dat, join(folder, 'dat.faultline'))
    ratios.push(theirs.wallMs / 1000 / ours.seconds)
    binary.push(theirs.wallMs / 1000 / itself.seconds)
    speeds.push(itself.events / itself.seconds / 1e6)
    speed = ours.events / ours.seconds / 1e6
  }
  const bytes = statSync(text).size
  rmSync(text)
  return [
    { what: `trace-cmd report text, 3.02 M events (${Math.round(bytes / 1e6)} MB)`, value: speed, unit: 'M events/s' },
    {
      what: 'import of it, times as fast as trace-cmd prints it',
      value: median(ratios),
      unit: 'x',
      bound: { kind: 'min', value: 2 },
    },
    {
      what: 'trace.dat itself, 3.02 M events',
      value: median(speeds),
      unit: 'M events/s',
      bound: { kind: 'min', value: 1.5 },
    },
    {
      what: 'import of it, times as fast as trace-cmd prints it',
      value: median(binary),
      unit: 'x',
      bound: { kind: 'min', value: 2 },
    },
  ]
}

async function main(): Promise<number> {
  if (corpusDir() === undefined) {
    console.log('no corpus: set FAULTLINE_CORPUS to its folder')
    return 1
  }
  const wanted = process.argv.slice(2).filter((word) => !word.startsWith('--'))
  const long = process.argv.includes('--long')
  const wants = (name: string) => wanted.length === 0 || wanted.includes(name)
  const folder = mkdtempSync(join(tmpdir(), 'faultline-bench-'))
  let ok = true
  // What is measured is what `npm ci` leaves, not sources that were changed since.
  await buildProgram(console.log)
  try {
    if (wants('start')) ok = (await benchStart(folder)) && ok
    if (wants('import')) ok = (await benchImport(folder, { long })) && ok
    if (wants('formats')) ok = printFigures('readers (processor time, best of 3)', benchFormats()) && ok
    if (wants('kernel')) ok = benchKernel() && ok
    if (wants('explore')) ok = (await benchExplore()) && ok
    if (wants('races')) ok = (await benchRaces()) && ok
    if (wants('whatif')) ok = (await benchWhatIf()) && ok
    if (wants('compare')) {
      const medium = join(folder, 'medium.faultline')
      await importOnce(corpusPath(MEDIUM), medium)
      ok = (await benchCompareWindow(medium)) && ok
    }
    if (wants('simulate')) ok = (await benchSimulate(folder, { long })) && ok
    if (wants('answers') || wants('timeline') || wants('window')) {
      const input = join(folder, 'input.txt')
      const saved = join(folder, '3M.faultline')
      writeBigTrace(input, LOCKS, 3e6)
      await importOnce(input, saved)
      rmSync(input)
      if (wants('answers')) ok = benchAnswers(saved) && ok
      if (wants('timeline')) {
        const large = join(folder, '50M.faultline')
        repeatFile(saved, large, 50e6)
        ok = (await benchTimeline([saved, large])) && ok
        ok = (await benchTimelineWindow(saved, [large])) && ok
      }
      if (wants('window')) ok = (await benchWindow(saved)) && ok
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return ok ? 0 : 3
}

process.exit(await main())
