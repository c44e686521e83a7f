-- Events of a trace.dat whose payloads are the kernel's records, printed when somebody asks: how. `format` is the event's `format`
-- file of tracefs (events/SYSTEM/NAME/format), `little` the byte order of its records. Which payloads are records is in
-- event_chunk.flags. Files written before this have text only.

CREATE TABLE event_format (
  trace_id INTEGER NOT NULL REFERENCES trace (id),
  name_seq INTEGER NOT NULL,
  system TEXT NOT NULL,
  little INTEGER NOT NULL,
  format TEXT NOT NULL,
  PRIMARY KEY (trace_id, name_seq)
) STRICT, WITHOUT ROWID;

-- `uname -m` of the recording, where it says so: numbers of raw system calls are the architecture's, and exports carry it.
ALTER TABLE trace ADD COLUMN machine TEXT;
