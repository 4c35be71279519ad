-- What becomes of old events and of what has to be forgotten.

-- How many events were pruned, by what they were at the end: received = what is in `events` + this.
CREATE TABLE pruned_counts (
    store_id     bigint NOT NULL,
    origin       text NOT NULL,
    state        text NOT NULL,
    n            bigint NOT NULL,
    PRIMARY KEY (store_id, origin, state)
);

-- Erasures that were asked for: of a store, or of one customer of it. `subject` says whom, only until it is
-- finished: one that was cut off has to know whom it is about, one that is finished must not.
CREATE TABLE erasures (
    erasure_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('store', 'customer')),
    subject      jsonb,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    asked_by     text NOT NULL,
    finished_at  timestamptz,
    counts       jsonb NOT NULL DEFAULT '{}',
    CHECK (finished_at IS NULL OR subject IS NULL)
);
CREATE INDEX erasures_open ON erasures (erasure_id) WHERE finished_at IS NULL;
CREATE INDEX erasures_by_store ON erasures (store_id, erasure_id);

-- Whose answers they are: kept for a day, and removed at once when the store is erased. The previous
-- release leaves it empty.
ALTER TABLE idempotency_keys ADD COLUMN store_id bigint;

-- Pruning removes a small share of the rows at a time. At the server's default the room of a fifth of the
-- table would lie idle before it is used again.
ALTER TABLE events SET (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE runs SET (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE dedupe SET (autovacuum_vacuum_scale_factor = 0.02);
