-- What some inputs have beside events and spans: the call stack a lock was asked for in, a /proc/lock_stat table, lockdep's
-- reports; names people gave to locks.

-- stack_seq is event_stack.seq of the same trace.
CREATE TABLE lock_span_stack (
  span_id INTEGER PRIMARY KEY REFERENCES lock_span (id),
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  stack_seq INTEGER NOT NULL
) STRICT;

-- One line of /proc/lock_stat: the class under the name it has there, reads and writes apart.
CREATE TABLE lock_stat (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  class_id INTEGER NOT NULL REFERENCES lock_class (id),
  mode TEXT NOT NULL,
  contentions INTEGER NOT NULL,
  contention_bounces INTEGER NOT NULL,
  wait_min_ns INTEGER NOT NULL,
  wait_max_ns INTEGER NOT NULL,
  wait_total_ns INTEGER NOT NULL,
  wait_mean_ns INTEGER,
  acquisitions INTEGER NOT NULL,
  acquisition_bounces INTEGER NOT NULL,
  hold_min_ns INTEGER NOT NULL,
  hold_max_ns INTEGER NOT NULL,
  hold_total_ns INTEGER NOT NULL,
  hold_mean_ns INTEGER,
  version TEXT NOT NULL
) STRICT;

-- Where a class was waited for (role waiter), and where it was held meanwhile (role holder).
CREATE TABLE lock_stat_site (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  class_id INTEGER NOT NULL REFERENCES lock_class (id),
  role TEXT NOT NULL,
  site TEXT NOT NULL,
  count INTEGER NOT NULL
) STRICT;

-- A report of lockdep, as JSON: tasks with the locks they hold, the dependency chain with its stacks.
CREATE TABLE lock_report (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  first_line INTEGER NOT NULL,
  body TEXT NOT NULL
) STRICT;

-- What a user calls the lock at an address: every lock of the trace there has this class from then on.
CREATE TABLE lock_name (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  address TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (trace_id, address)
) STRICT, WITHOUT ROWID;
