/**
 * Statements that teach the tables by using them: each answers a question people ask of such a trace and shows one thing
 * about the schema. A test runs every one on every bundled sample.
 */

export interface ExampleQuery {
  readonly id: string
  readonly title: string
  /** What it shows about the tables. */
  readonly teaches: string
  readonly sql: string
}

export const EXAMPLE_QUERIES: readonly ExampleQuery[] = [
  {
    id: 'worst-waits',
    title: 'Worst waits: who waited for whom',
    teaches: 'wait_edge joins two lock_spans: the one that waited and the one that held',
    sql: `-- the longest waits, who held the lock and what the holder was doing
SELECT e.waiter_span_id, w.comm AS waiter, wo.kind AS waiter_op, c.name AS lock,
       h.comm AS holder, ho.kind AS holder_op, e.holder_phase,
       round(e.overlap_ns / 1e6, 3) AS wait_ms, ws.requested_ns
FROM wait_edge e
JOIN lock_span ws ON ws.id = e.waiter_span_id
JOIN lock_span hs ON hs.id = e.holder_span_id
JOIN task w ON w.id = ws.task_id
JOIN task h ON h.id = hs.task_id
LEFT JOIN op wo ON wo.id = ws.op_id
LEFT JOIN op ho ON ho.id = hs.op_id
JOIN lock l ON l.id = ws.lock_id
JOIN lock_class c ON c.id = l.class_id
ORDER BY e.overlap_ns DESC
LIMIT 50`,
  },
  {
    id: 'holders-by-phase',
    title: 'What holders were doing while others waited',
    teaches: 'wait_edge.holder_phase; NULL is “not known”, not “nothing”',
    sql: `-- time that was waited, by what the holder was doing meanwhile
SELECT ho.kind AS holder_op, e.holder_phase AS phase, count(*) AS waits,
       round(sum(e.overlap_ns) / 1e6, 3) AS wait_ms,
       round(percentile(e.overlap_ns, 99) / 1e3, 1) AS p99_us
FROM wait_edge e
JOIN lock_span hs ON hs.id = e.holder_span_id
LEFT JOIN op ho ON ho.id = hs.op_id
GROUP BY 1, 2
ORDER BY wait_ms DESC`,
  },
  {
    id: 'latency',
    title: 'Latency of operations, and how much of it was waiting',
    teaches: 'percentile() takes 0 to 100 and may lie between two values; on the pages it is one that was measured',
    sql: `SELECT kind, count(*) AS n,
       round(percentile(duration_ns, 50) / 1e3, 1) AS p50_us,
       round(percentile(duration_ns, 99) / 1e3, 1) AS p99_us,
       round(max(duration_ns) / 1e3, 1) AS max_us,
       round(100.0 * sum(wait_ns) / sum(duration_ns), 1) AS waiting_percent
FROM op
WHERE duration_ns IS NOT NULL
GROUP BY kind
ORDER BY sum(duration_ns) DESC`,
  },
  {
    id: 'lock-stat',
    title: 'Locks as /proc/lock_stat counts them',
    teaches:
      'a wait is acquired_ns - requested_ns where contended, a hold is released_ns - acquired_ns where hold_known',
    sql: `SELECT c.name AS lock, s.mode, count(*) AS acquisitions, sum(s.contended) AS contended,
       round(sum(iif(s.contended, s.acquired_ns - s.requested_ns, 0)) / 1e6, 3) AS wait_total_ms,
       round(max(iif(s.contended, s.acquired_ns - s.requested_ns, NULL)) / 1e3, 1) AS wait_max_us,
       round(sum(iif(s.hold_known, s.released_ns - s.acquired_ns, NULL)) / 1e6, 3) AS hold_total_ms,
       round(max(iif(s.hold_known, s.released_ns - s.acquired_ns, NULL)) / 1e3, 1) AS hold_max_us
FROM lock_span s
JOIN lock l ON l.id = s.lock_id
JOIN lock_class c ON c.id = l.class_id
GROUP BY 1, 2
ORDER BY wait_total_ms DESC`,
  },
  {
    id: 'waiting-over-time',
    title: 'Waiting over time',
    teaches: 'integer division makes time buckets; a column that ends in _ns and a number make a line',
    sql: `-- waits that began in each of 200 parts of the trace
WITH part AS (SELECT max(1, max(duration_ns) / 200) AS ns FROM trace)
SELECT requested_ns / part.ns * part.ns AS start_ns, count(*) AS waits,
       round(sum(acquired_ns - requested_ns) / 1e6, 3) AS wait_ms
FROM lock_span, part
WHERE contended = 1 AND acquired_ns IS NOT NULL
GROUP BY 1
ORDER BY 1`,
  },
  {
    id: 'across',
    title: 'Locks taken while another was held',
    teaches: 'lock_span against itself: same task, the inner one inside the outer one',
    sql: `-- which lock is held across taking which other one
SELECT oc.name AS held, ic.name AS taken_inside, count(*) AS times,
       sum(i.contended) AS inner_waited,
       round(sum(iif(i.contended, i.acquired_ns - i.requested_ns, 0)) / 1e6, 3) AS inner_wait_ms
FROM lock_span o
JOIN lock_span i ON i.op_id = o.op_id AND i.task_id = o.task_id AND i.id <> o.id
 AND i.acquired_ns > o.acquired_ns AND i.acquired_ns < o.released_ns
JOIN lock ol ON ol.id = o.lock_id
JOIN lock_class oc ON oc.id = ol.class_id
JOIN lock il ON il.id = i.lock_id
JOIN lock_class ic ON ic.id = il.class_id
WHERE o.hold_known = 1
GROUP BY 1, 2
ORDER BY times DESC
LIMIT 100`,
  },
  {
    id: 'chains',
    title: 'Waits for somebody who was waiting too',
    teaches: 'wait_edge against itself: the holder of one edge is the task that waits in the next',
    sql: `SELECT a.waiter_span_id, t1.comm AS waits, c1.name AS for_lock, t2.comm AS held_by,
       c2.name AS who_waits_for, t3.comm AS held_in_turn_by,
       round(a.overlap_ns / 1e6, 3) AS wait_ms
FROM wait_edge a
JOIN lock_span h ON h.id = a.holder_span_id
JOIN lock_span w ON w.id = a.waiter_span_id
JOIN lock_span hw ON hw.op_id = h.op_id AND hw.contended = 1
 AND hw.requested_ns < w.acquired_ns AND hw.acquired_ns > w.requested_ns
JOIN wait_edge b ON b.waiter_span_id = hw.id
JOIN lock_span hh ON hh.id = b.holder_span_id
JOIN task t1 ON t1.id = w.task_id
JOIN task t2 ON t2.id = h.task_id
JOIN task t3 ON t3.id = hh.task_id
JOIN lock l1 ON l1.id = w.lock_id
JOIN lock_class c1 ON c1.id = l1.class_id
JOIN lock l2 ON l2.id = hw.lock_id
JOIN lock_class c2 ON c2.id = l2.class_id
ORDER BY a.overlap_ns DESC
LIMIT 50`,
  },
  {
    id: 'phases',
    title: 'Where operations spend their time',
    teaches: 'phase: depth 0 is directly in the operation, deeper ones are inside it',
    sql: `SELECT o.kind, p.name AS phase, count(*) AS times,
       round(sum(p.duration_ns) / 1e6, 3) AS total_ms,
       round(100.0 * sum(p.duration_ns) / sum(sum(p.duration_ns)) OVER (PARTITION BY o.kind), 1) AS share_percent
FROM phase p
JOIN op o ON o.id = p.op_id
WHERE p.depth = 0
GROUP BY 1, 2
ORDER BY o.kind, total_ms DESC`,
  },
  {
    id: 'states',
    title: 'What each task did: running, waiting, asleep',
    teaches: 'task_state is there where the scheduler’s events were recorded',
    sql: `SELECT t.comm AS task, t.pid, s.state, count(*) AS times,
       round(sum(s.duration_ns) / 1e6, 3) AS total_ms, round(max(s.duration_ns) / 1e6, 3) AS longest_ms
FROM task_state s
JOIN task t ON t.id = s.task_id
GROUP BY s.task_id, s.state
ORDER BY total_ms DESC`,
  },
  {
    id: 'slowest',
    title: 'Slowest operations, to look at on the timeline',
    teaches: 'rows with start_ns and task_id lead to the timeline: Enter or double click',
    sql: `SELECT o.id AS op_id, o.kind, t.comm AS task, o.task_id, o.start_ns, o.duration_ns, o.wait_ns,
       o.inode, o.offset, o.result
FROM op o
JOIN task t ON t.id = o.task_id
ORDER BY o.duration_ns DESC
LIMIT 200`,
  },
  {
    id: 'durations',
    title: 'Durations of one kind of operation',
    teaches: 'one column of numbers is drawn as its distribution',
    sql: `SELECT duration_ns
FROM op
WHERE kind = (SELECT kind FROM op GROUP BY kind ORDER BY count(*) DESC LIMIT 1)
  AND duration_ns IS NOT NULL`,
  },
  {
    id: 'event-names',
    title: 'Raw events by name',
    teaches: 'event_name has the counts: no event has to be decoded for them',
    sql: `SELECT name, sum(n) AS events, round(100.0 * sum(n) / sum(sum(n)) OVER (), 2) AS percent
FROM event_name
GROUP BY name
ORDER BY events DESC`,
  },
  {
    id: 'around',
    title: 'Raw events around the worst wait',
    teaches: 'event_in(trace_id, from_ns, to_ns) decodes only that window; args is JSON',
    sql: `-- what happened 50 µs before and after the longest wait was over
WITH worst AS (
  SELECT s.acquired_ns AS at, t.trace_id
  FROM lock_span s
  JOIN task t ON t.id = s.task_id
  WHERE s.contended = 1 AND s.acquired_ns IS NOT NULL
  ORDER BY s.acquired_ns - s.requested_ns DESC
  LIMIT 1
)
SELECT e.ts_ns, e.cpu, e.task_id, t.comm AS task, e.name, e.args
FROM worst, event_in(worst.trace_id, max(0, worst.at - 50000), worst.at + 50000) e
LEFT JOIN task t ON t.id = e.task_id
ORDER BY e.ts_ns`,
  },
  {
    id: 'remarks',
    title: 'What the import remarked',
    teaches: 'diagnostic: skipped, lost and unmatched things, each kind once with its count',
    sql: `SELECT severity, code, message, count, first_line
FROM diagnostic
ORDER BY count DESC`,
  },
]
