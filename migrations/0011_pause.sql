-- A store may be paused: what arrives for it is taken in and waits, and nothing of it is handled.
-- An empty column is added without rewriting the table; the release before does not look at it and goes on handling.
ALTER TABLE stores ADD COLUMN paused_at timestamptz;
