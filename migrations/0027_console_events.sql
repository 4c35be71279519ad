-- transactional: false
-- What people look events up by: the order, product or customer they are about (which is also an event's lane),
-- their topic, and those that were set aside or asked for again. What is dead, unfinished or of one store has its
-- indexes already.

CREATE INDEX CONCURRENTLY IF NOT EXISTS events_by_entity ON events (entity_id, seq) WHERE entity_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_set_aside ON events (seq) WHERE state IN ('cancelled', 'erased');
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_by_topic ON events (topic, seq);
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_replayed ON events (seq) WHERE origin = 'replay';
