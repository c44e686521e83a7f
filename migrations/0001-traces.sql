-- Traces, their tasks, their vocabularies and their raw events.
-- Times are integer ns since the trace's start (ticks where trace.clock_unit says so). An id counts from 0 in a file's
-- first trace and goes on from there in the next one; `trace_part` knows where each trace's ids begin.

PRAGMA application_id = 0x464C544C; -- 'FLTL'

CREATE TABLE trace (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  source_format TEXT NOT NULL,
  clock TEXT NOT NULL,
  clock_unit TEXT NOT NULL,
  start_clock TEXT NOT NULL,
  start_unix_ns TEXT,
  duration_ns INTEGER NOT NULL,
  event_count INTEGER NOT NULL,
  lost_events INTEGER,
  kernel TEXT,
  cpus INTEGER,
  scenario TEXT,
  strategy TEXT,
  seed TEXT,
  digest TEXT,
  parent_trace_id INTEGER REFERENCES trace (id),
  rate_bucket_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE trace_part (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  part TEXT NOT NULL,
  first_id INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (trace_id, part)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  pid INTEGER NOT NULL,
  tgid INTEGER,
  comm TEXT NOT NULL
) STRICT;

-- What the integers inside span_chunk columns mean: kind is 'op_kind', 'phase_name' or 'inode'.
CREATE TABLE vocabulary (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  kind TEXT NOT NULL,
  seq INTEGER NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (trace_id, kind, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE event_name (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (trace_id, seq)
) STRICT, WITHOUT ROWID;

-- Call stacks, innermost frame first, one frame per line.
CREATE TABLE event_stack (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  seq INTEGER NOT NULL,
  frames TEXT NOT NULL,
  PRIMARY KEY (trace_id, seq)
) STRICT, WITHOUT ROWID;

-- Raw events in file order, up to 65536 per row, one zstd-compressed BLOB per column. ts0 and ts1 are the smallest and
-- largest time inside; times in `ts` are offsets from ts0. `args` comes last: the others are read without it.
CREATE TABLE event_chunk (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  ts0 INTEGER NOT NULL,
  ts1 INTEGER NOT NULL,
  args_bytes INTEGER NOT NULL,
  ts BLOB NOT NULL,
  cpu BLOB NOT NULL,
  task BLOB NOT NULL,
  name BLOB NOT NULL,
  stack BLOB,
  args_end BLOB NOT NULL,
  args BLOB NOT NULL,
  UNIQUE (trace_id, seq)
) STRICT;

-- How many events of each name a chunk has: counts of whole chunks need no decoding.
CREATE TABLE event_chunk_name (
  chunk_id INTEGER NOT NULL REFERENCES event_chunk (id),
  name_seq INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (chunk_id, name_seq)
) STRICT, WITHOUT ROWID;

-- Events per time bucket of trace.rate_bucket_ns, for charts.
CREATE TABLE event_rate (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  start_ns INTEGER NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (trace_id, start_ns)
) STRICT, WITHOUT ROWID;

CREATE TABLE diagnostic (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  severity TEXT NOT NULL,
  code TEXT NOT NULL,
  message TEXT NOT NULL,
  first_line INTEGER,
  count INTEGER NOT NULL
) STRICT;

CREATE TABLE annotation (
  id INTEGER PRIMARY KEY,
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  kind TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  end_ns INTEGER,
  text TEXT NOT NULL
) STRICT;
