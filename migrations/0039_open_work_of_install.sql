-- transactional: false
-- The same indexes as before under a condition that only a search by install fulfils. With the condition of the lanes'
-- own indexes they cost the planner as little as those, when few rows were unfinished as it counted last: with a backlog
-- each look into a lane then walked all that was unfinished.

CREATE INDEX CONCURRENTLY IF NOT EXISTS runs_open_of_install ON runs (install_id)
    WHERE state IN ('queued', 'running', 'waiting') AND install_id IS NOT NULL;
CREATE INDEX CONCURRENTLY IF NOT EXISTS events_open_of_install ON events (install_id)
    WHERE state IN ('queued', 'running', 'waiting') AND install_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS runs_open_by_install;
DROP INDEX CONCURRENTLY IF EXISTS events_open_by_install;
