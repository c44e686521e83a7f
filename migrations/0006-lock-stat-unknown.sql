-- What a table of waits does not say is NULL: perf lock has neither bounces nor holds, and which figures of waits it prints is
-- chosen. Until this, such figures were 0.

CREATE TABLE lock_stat_known (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  class_id INTEGER NOT NULL REFERENCES lock_class (id),
  mode TEXT NOT NULL,
  contentions INTEGER,
  contention_bounces INTEGER,
  wait_min_ns INTEGER,
  wait_max_ns INTEGER,
  wait_total_ns INTEGER,
  wait_mean_ns INTEGER,
  acquisitions INTEGER,
  acquisition_bounces INTEGER,
  hold_min_ns INTEGER,
  hold_max_ns INTEGER,
  hold_total_ns INTEGER,
  hold_mean_ns INTEGER,
  version TEXT NOT NULL
) STRICT;

INSERT INTO lock_stat_known
SELECT id, trace_id, class_id, mode,
  iif(version LIKE 'perf lock %', nullif(contentions, 0), contentions),
  iif(version LIKE 'perf lock %', NULL, contention_bounces),
  iif(version LIKE 'perf lock %', nullif(wait_min_ns, 0), wait_min_ns),
  iif(version LIKE 'perf lock %', nullif(wait_max_ns, 0), wait_max_ns),
  iif(version LIKE 'perf lock %', nullif(wait_total_ns, 0), wait_total_ns),
  wait_mean_ns,
  iif(version LIKE 'perf lock %', nullif(acquisitions, 0), acquisitions),
  iif(version LIKE 'perf lock %', NULL, acquisition_bounces),
  iif(version LIKE 'perf lock %', NULL, hold_min_ns),
  iif(version LIKE 'perf lock %', NULL, hold_max_ns),
  iif(version LIKE 'perf lock %', NULL, hold_total_ns),
  hold_mean_ns,
  version
FROM lock_stat;

DROP TABLE lock_stat;

ALTER TABLE lock_stat_known RENAME TO lock_stat;
