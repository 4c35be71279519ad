-- transactional: false
-- What the pages of one store are read by: the entries of its life (core/domain/store_life.py), its dead events.

CREATE INDEX CONCURRENTLY IF NOT EXISTS audit_of_life ON audit (store_id, audit_id)
    WHERE split_part(action, '.', 1) IN ('install', 'token', 'webhooks', 'store', 'backfill', 'reconciliation', 'subscription', 'uninstall', 'embedded');
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_dead_by_store ON events (store_id, seq) WHERE state = 'dead';
