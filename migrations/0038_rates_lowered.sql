-- transactional: false
-- The stores that have less than their allowance since Zid refused something: few, whatever the number of stores.
-- The key alone is in it, so that counting a request touches no index.

CREATE INDEX CONCURRENTLY IF NOT EXISTS rate_levels_lowered ON rate_levels (key) WHERE trust < 1;
