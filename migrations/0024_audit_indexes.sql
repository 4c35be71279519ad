-- transactional: false
-- What people filter the audit by, besides the store.

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_by_action ON audit (action, audit_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_by_actor ON audit (actor, audit_id);
CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_by_time ON audit (at);
