-- transactional: false
-- How many events were done in each of the last minutes, and how long they took: one entry per event that is done,
-- at the index's end.

CREATE INDEX CONCURRENTLY IF NOT EXISTS events_done_by_time ON events (settled_at) INCLUDE (received_at)
    WHERE state = 'done';
