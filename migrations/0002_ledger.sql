-- The ledger: every event, every handler's run of it, and the counts that must balance.

-- A lease per process. Times are this database's, so clocks of machines do not matter.
CREATE TABLE workers (
    worker_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL,
    joined_at    timestamptz NOT NULL DEFAULT now(),
    lease_until  timestamptz NOT NULL
);

CREATE TABLE events (
    event_id     uuid PRIMARY KEY,
    seq          bigint GENERATED ALWAYS AS IDENTITY,
    store_id     bigint NOT NULL,
    install_id   bigint NOT NULL,
    origin       text NOT NULL CHECK (origin IN ('zid', 'derived', 'synthetic', 'replay')),
    topic        text NOT NULL,
    -- Null only for events that were dead on arrival.
    entity_kind  text,
    entity_id    text,
    lane         bigint,
    state        text NOT NULL
                 CHECK (state IN ('queued', 'running', 'waiting', 'done', 'dead', 'cancelled', 'erased')),
    -- 0 while the mirror has not had it; then how many handlers' runs are unfinished. The other two
    -- decide, when the last run is settled, between dead, done and cancelled. They are counted here
    -- because two runs that settle at once see each other's count, and not each other's row.
    open_runs    integer NOT NULL DEFAULT 0,
    dead_runs    integer NOT NULL DEFAULT 0,
    done_runs    integer NOT NULL DEFAULT 0,
    -- An older version than the mirror already had: recorded, not applied.
    stale        boolean NOT NULL DEFAULT false,
    attempts     smallint NOT NULL DEFAULT 0,
    reason       text,
    due_at       timestamptz,
    parent_id    uuid,
    received_at  timestamptz NOT NULL,
    settled_at   timestamptz,
    size         integer NOT NULL,
    body         bytea
);
-- Kept out of line and uncompressed: settling an event rewrites its row, not its body.
ALTER TABLE events ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE UNIQUE INDEX events_by_seq ON events (seq);
CREATE INDEX events_by_store ON events (store_id, seq);
CREATE INDEX events_in_lane ON events (lane, seq) WHERE state IN ('queued', 'waiting') AND open_runs = 0;
CREATE INDEX events_queued_by_store ON events (store_id, seq) WHERE state = 'queued' AND open_runs = 0;
CREATE INDEX events_due ON events (due_at) WHERE state = 'waiting';
CREATE INDEX events_dead ON events (seq) WHERE state = 'dead';
CREATE INDEX events_open_by_install ON events (install_id) WHERE state IN ('queued', 'running', 'waiting');

-- One handler's work on one event; idempotency key = (event_id, handler).
-- No foreign key: events are pruned in bulk, and a run is never looked up without its event.
CREATE TABLE runs (
    run_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id     uuid NOT NULL,
    handler      text NOT NULL,
    store_id     bigint NOT NULL,
    install_id   bigint NOT NULL,
    lane         bigint NOT NULL,
    seq          bigint NOT NULL,
    state        text NOT NULL
                 CHECK (state IN ('queued', 'running', 'waiting', 'done', 'dead', 'cancelled', 'erased')),
    attempts     smallint NOT NULL DEFAULT 0,
    worker_id    bigint,
    fence        bigint NOT NULL DEFAULT 0,
    due_at       timestamptz,
    reason       text,
    failure      jsonb,
    started_at   timestamptz,
    settled_at   timestamptz,
    UNIQUE (event_id, handler)
);
CREATE INDEX runs_in_lane ON runs (lane, seq) WHERE state IN ('queued', 'running', 'waiting');
-- Whatever two claims saw: a lane runs one at a time.
CREATE UNIQUE INDEX runs_one_per_lane ON runs (lane) WHERE state = 'running';
CREATE INDEX runs_queued_by_store ON runs (store_id, seq, run_id) WHERE state = 'queued';
CREATE INDEX runs_due ON runs (due_at) WHERE state = 'waiting';
CREATE INDEX runs_by_worker ON runs (worker_id) WHERE state = 'running';
CREATE INDEX runs_open_by_install ON runs (install_id) WHERE state IN ('queued', 'running', 'waiting');

-- Recognises repeats. Unpartitioned and narrow; it also knows the id of every recent event,
-- so that a row that vanished from the ledger can be named.
CREATE TABLE dedupe (
    key          bytea PRIMARY KEY,
    event_id     uuid NOT NULL,
    store_id     bigint NOT NULL,
    origin       text NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX dedupe_expiry ON dedupe (expires_at);

-- What was received, counted when it was received. Many small rows, folded by the sweep:
-- one counter row would make every ingest transaction wait for the others.
CREATE TABLE intake (
    intake_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL,
    origin       text NOT NULL,
    accepted     bigint NOT NULL,
    duplicates   bigint NOT NULL DEFAULT 0
);

-- The sweep's memory: which incarnation of the work index it filled last.
CREATE TABLE index_incarnation (
    only_row     boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    incarnation  text NOT NULL
);
