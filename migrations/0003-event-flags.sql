-- Circumstances of raw events that make spans: the context (task, softirq, hardirq, NMI) and losses before them, a byte per
-- event. NULL: none of the chunk's events has any. Files written before this have none, known or not.

ALTER TABLE event_chunk ADD COLUMN flags BLOB;
