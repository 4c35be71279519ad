-- Reconciliation: where deliveries may be missing, what was read to find out, and what was found.

CREATE TABLE gaps (
    gap_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL,
    install_id   bigint NOT NULL,
    -- Null: every topic.
    topic        text,
    since        timestamptz NOT NULL,
    until        timestamptz NOT NULL CHECK (until >= since),
    cause        text NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    closed_at    timestamptz,
    -- What no reading brings back; said when the gap is closed.
    lost         text
);
CREATE INDEX gaps_open ON gaps (install_id) WHERE closed_at IS NULL;
CREATE INDEX gaps_by_store ON gaps (store_id, gap_id);
