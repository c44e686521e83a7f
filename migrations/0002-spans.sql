-- What tasks did and which locks they took: operations, their phases, lock spans, who waited for whom, task states.
-- NULL is "not known". A writer drops the indices of a new file while it fills it and makes them again from these texts.

CREATE TABLE lock_class (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  name TEXT NOT NULL,
  kind TEXT NOT NULL
) STRICT;

CREATE TABLE lock (
  id INTEGER PRIMARY KEY,
  class_id INTEGER NOT NULL REFERENCES lock_class (id),
  address TEXT,
  label TEXT,
  inode TEXT
) STRICT;

CREATE TABLE op (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  task_id INTEGER NOT NULL REFERENCES task (id),
  kind TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  duration_ns INTEGER,
  inode TEXT,
  offset INTEGER,
  length INTEGER,
  result INTEGER,
  wait_ns INTEGER,
  cpu INTEGER,
  inferred INTEGER NOT NULL
) STRICT;

CREATE TABLE phase (
  id INTEGER PRIMARY KEY,
  op_id INTEGER REFERENCES op (id),
  task_id INTEGER NOT NULL REFERENCES task (id),
  name TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  duration_ns INTEGER,
  depth INTEGER NOT NULL
) STRICT;

-- requested_ns .. acquired_ns is the wait (where contended), acquired_ns .. released_ns the hold (where hold_known).
CREATE TABLE lock_span (
  id INTEGER PRIMARY KEY,
  lock_id INTEGER NOT NULL REFERENCES lock (id),
  task_id INTEGER NOT NULL REFERENCES task (id),
  op_id INTEGER REFERENCES op (id),
  mode TEXT NOT NULL,
  requested_ns INTEGER,
  acquired_ns INTEGER,
  released_ns INTEGER,
  contended INTEGER,
  inferred INTEGER,
  trylock INTEGER NOT NULL,
  irq INTEGER NOT NULL,
  hold_known INTEGER NOT NULL
) STRICT;

CREATE TABLE wait_edge (
  id INTEGER PRIMARY KEY,
  waiter_span_id INTEGER NOT NULL REFERENCES lock_span (id),
  holder_span_id INTEGER NOT NULL REFERENCES lock_span (id),
  overlap_ns INTEGER,
  holder_phase TEXT,
  kind TEXT NOT NULL
) STRICT;

CREATE TABLE task_state (
  id INTEGER PRIMARY KEY,
  task_id INTEGER NOT NULL REFERENCES task (id),
  state TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  duration_ns INTEGER,
  cpu INTEGER
) STRICT;

-- The rows of the five tables above once more, as columns, in the order they were finished: what the engine loads.
-- Derived data: `faultline check` compares it with the rows. Times are offsets from ts0.
CREATE TABLE span_chunk (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  part TEXT NOT NULL,
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  ts0 INTEGER NOT NULL,
  ts1 INTEGER NOT NULL,
  columns BLOB NOT NULL,
  PRIMARY KEY (trace_id, part, seq)
) STRICT;

CREATE INDEX phase_of_op ON phase (op_id);
CREATE INDEX lock_span_of_op ON lock_span (op_id);
CREATE INDEX wait_edge_of_waiter ON wait_edge (waiter_span_id);
CREATE INDEX wait_edge_of_holder ON wait_edge (holder_span_id);
