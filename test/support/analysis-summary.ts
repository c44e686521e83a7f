/**
 * What the analyses say about a trace, as text a person can check against the kernel and a golden test can compare:
 * times in whole µs, shares in per cent, the first rows of every table.
 */

import { contention } from '#shared/analysis/contention.ts'
import { holdPhases } from '#shared/analysis/hold-phases.ts'
import { latency } from '#shared/analysis/latency.ts'
import { latencyDistribution } from '#shared/analysis/latency-distribution.ts'
import { latencyHeatmap } from '#shared/analysis/latency-heatmap.ts'
import { lockOrder } from '#shared/analysis/lock-order.ts'
import { overview } from '#shared/analysis/overview.ts'
import { slowestOps } from '#shared/analysis/slowest-ops.ts'
import { waitChains } from '#shared/analysis/wait-chains.ts'
import { waiterHolder } from '#shared/analysis/waiter-holder.ts'
import { TASK_STATES } from '#shared/model/kinds.ts'
import type { Trace } from '#shared/model/trace.ts'

function us(ns: number | null): string {
  return ns === null ? '-' : String(Math.round(ns / 1000))
}

function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '-' : `${Math.round(share * 100)}%`
}

/** Cells in columns as wide as their widest; the first column is left-aligned. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...all.map((row) => row[i].length)))
  const line = (row: readonly string[]): string =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ')
  return all.map((row) => line(row).trimEnd()).join('\n')
}

function overviewText(trace: Trace, scope: object): string {
  const { keys, locks, tasks } = overview.run(trace, overview.params.parse({ scope, locks: 6, tasks: 12 }))
  const failures = keys.failures.map(({ name, count }) => `${name} ${count}`).join(', ')
  const lines = [
    `operations ${keys.operations}, failed ${keys.failed}${failures === '' ? '' : ` (${failures})`}`,
    `main operation ${keys.mainOp?.op ?? '-'}: p50 ${us(keys.mainOp?.p50Ns ?? null)} p99 ${us(keys.mainOp?.p99Ns ?? null)}`,
    `waited ${us(keys.waitTotalNs)}, ${percent(keys.waitShare)} of operations' time`,
    `worst wait ${us(keys.worstWait?.waitNs ?? null)} for ${keys.worstWait?.class ?? '-'}`,
    ...locks.map((lock) => {
      const parts = lock.phases.slice(0, 5).map(({ phase, ns }) => `${phase} ${percent(ns / lock.waitTotalNs)}`)
      return `  ${lock.class}: ${us(lock.waitTotalNs)} in ${lock.contended} waits; holders: ${parts.join(', ')}`
    }),
  ]
  const states = table(
    ['task', 'ops', 'busy', 'wait', ...TASK_STATES],
    tasks.map((task) => [
      `${task.comm}-${task.pid}`,
      String(task.operations),
      us(task.busyNs),
      us(task.waitNs),
      ...TASK_STATES.map((_, state) => us(task.states?.[state] ?? null)),
    ]),
  )
  return `${lines.join('\n')}\n\n${states}`
}

function contentionText(trace: Trace, scope: object): string {
  const { rows, total, classes, instances } = contention.run(trace, contention.params.parse({ scope, top: 12 }))
  const text = table(
    ['class', 'mode', 'acq', 'cont', 'wait', 'p50', 'p99', 'max', 'hold', 'p50', 'p99', 'max', 'mostly in'],
    rows.map((row) => [
      `${row.class}${row.inferred ? ' (inferred)' : ''}`,
      row.mode,
      Number.isNaN(row.acquisitions) ? '-' : String(row.acquisitions),
      String(row.contended),
      us(row.waitTotalNs),
      us(row.waitP50Ns),
      us(row.waitP99Ns),
      us(row.waitMaxNs),
      us(row.holdTotalNs),
      us(row.holdP50Ns),
      us(row.holdP99Ns),
      us(row.holdMaxNs),
      row.mostlyIn === undefined ? '-' : `${row.mostlyIn.phase} ${percent(row.mostlyIn.share)}`,
    ]),
  )
  return `${total} rows, ${classes} classes, ${instances} locks\n${text}`
}

function holdPhasesText(trace: Trace, scope: object): string {
  const { rows } = holdPhases.run(trace, holdPhases.params.parse({ scope, top: 25 }))
  return table(
    ['class', 'mode', 'phase', 'op', 'hold', 'share', 'spans'],
    rows.map((row) => [
      row.class,
      row.mode,
      row.phase,
      row.op,
      us(row.holdNs),
      percent(row.shareOfHold),
      String(row.spans),
    ]),
  )
}

function latencyText(trace: Trace, scope: object): string {
  const { rows } = latency.run(trace, latency.params.parse({ scope }))
  const text = table(
    ['op', 'count', 'failed', 'open', 'min', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'max', 'wait', 'share'],
    rows.map((row) => [
      row.op,
      String(row.count),
      String(row.failed),
      String(row.unfinished),
      ...[row.minNs, row.meanNs, row.p50Ns, row.p90Ns, row.p99Ns, row.p999Ns, row.maxNs, row.waitNs].map(us),
      percent(row.waitShare),
    ]),
  )
  const map = latencyHeatmap.run(trace, latencyHeatmap.params.parse({ scope, columns: 60 }))
  const { bucketNs, all } = latencyDistribution.run(trace, latencyDistribution.params.parse({ scope }))
  return [
    text,
    `heat map ${map.columns} x ${map.rows}, fullest cell ${map.max}, ${map.count} operations`,
    `histogram ${bucketNs.length - 1} buckets from ${bucketNs[0]} ns, ${all.count} operations`,
  ].join('\n')
}

function waitsText(trace: Trace, scope: object): string {
  const { chains } = waitChains.run(trace, waitChains.params.parse({ scope, worst: 8, onePerCause: true }))
  const lines = chains.map((chain) => {
    const links = chain.links.map(
      (l) =>
        `    <- ${l.task}-${l.pid} ${l.op ?? '-'} in ${l.phase ?? '-'}: ${l.kind} of ${l.class} ${l.mode}, held ${us(l.heldNs)}, explains ${us(l.overlapNs)}`,
    )
    const head = `  ${chain.task}-${chain.pid} ${chain.op ?? '-'} waited ${us(chain.waitNs)} for ${chain.class} ${chain.mode}, ${chain.alike ?? 1} alike`
    return [head, ...links].join('\n')
  })
  const slow = slowestOps.run(trace, slowestOps.params.parse({ scope, top: 6 })).rows.map((op) => {
    const w = op.waitedFor
    const why =
      w === null
        ? 'no wait'
        : `${us(w.waitNs)} for ${w.class}, ${w.kind === 'queued-writer' ? 'queued behind' : 'held by'} ${w.holder ?? '-'} in ${w.holderPhase ?? '-'}`
    return `  ${op.task}-${op.pid} ${op.op} ${us(op.durationNs)}, waited ${us(op.waitNs)}: ${why}`
  })
  const matrix = waiterHolder.run(trace, waiterHolder.params.parse({ scope, top: 6 }))
  const rows = matrix.waiters.map(({ comm }, w) => [
    comm,
    ...matrix.holders.map((_, h) => us(matrix.overlapNs[w * matrix.holders.length + h])),
  ])
  return [
    'chains, one per cause',
    ...lines,
    'slowest operations',
    ...slow,
    'waiter x holder',
    table(['', ...matrix.holders.map(({ comm }) => comm)], rows),
    `behind queued writers ${us(matrix.queuedNs)}, unexplained ${us(matrix.unexplainedNs)}`,
  ].join('\n')
}

function lockOrderText(trace: Trace, { fromNs, toNs }: { readonly fromNs?: number; readonly toNs?: number }): string {
  const window = { ...(fromNs === undefined ? {} : { fromNs }), ...(toNs === undefined ? {} : { toNs }) }
  const { classes, edges, cycles, openHolds, blind } = lockOrder.run(trace, lockOrder.params.parse({ scope: window }))
  const known =
    /i_rwsem|i_mutex_key|invalidate_lock|mmap_lock|i_mmap_rwsem|jbd2_handle|i_data_sem|sb_pagefaults|nondir_ilock/
  const sleeping = edges.filter(({ from, to }) => known.test(from) && known.test(to))
  return [
    `lock order: ${edges.length} orders among ${classes.length} classes, ${cycles.length} circles${blind ? ', blind' : ''}`,
    `holds without an end ${openHolds}`,
    ...sleeping
      .slice(0, 12)
      .map(({ from, to, count, op, task }) => `  ${from} > ${to}: ${count}, ${task.comm} ${op ?? '-'}`),
    ...cycles.map(({ classes: circle }) => `  circle ${circle.join(' > ')}`),
  ].join('\n')
}

/** All times in µs. */
export function analysisSummary(trace: Trace, scope: object = {}): string {
  return [
    overviewText(trace, scope),
    contentionText(trace, scope),
    holdPhasesText(trace, scope),
    latencyText(trace, scope),
    waitsText(trace, scope),
    lockOrderText(trace, scope),
  ].join('\n\n')
}
