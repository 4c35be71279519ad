-- transactional: false
-- What the desk for dead letters lists, counts and stamps by.

CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_dead ON runs (fingerprint, seq) WHERE state = 'dead';
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_dead_without_runs ON events (fingerprint, seq)
    WHERE state = 'dead' AND dead_runs = 0;
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_dead_by_time ON events (settled_at) WHERE state = 'dead';
