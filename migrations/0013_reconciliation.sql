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

-- One row per reconciliation. `progress` is how far it is, and in the end its report (core/domain/reconcile_progress.py).
-- Worked on under a worker's lease and a fence, like a backfill; no two of one install at once.
CREATE TABLE reconciliations (
    reconciliation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    install_id    bigint NOT NULL,
    store_id      bigint NOT NULL,
    why           text NOT NULL CHECK (why IN ('scheduled', 'requested', 'gap')),
    state         text NOT NULL
                  CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    progress      jsonb,
    -- By topic, once it is done: for sums over all stores.
    missed        jsonb NOT NULL DEFAULT '{}',
    received      jsonb NOT NULL DEFAULT '{}',
    failures      integer NOT NULL DEFAULT 0,
    reason        text,
    worker_id     bigint,
    fence         bigint NOT NULL DEFAULT 0,
    due_at        timestamptz NOT NULL,
    requested_at  timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    finished_at   timestamptz
);
CREATE INDEX reconciliations_due ON reconciliations (due_at) WHERE state IN ('queued', 'running', 'waiting');
CREATE INDEX reconciliations_finished ON reconciliations (finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX reconciliations_by_install ON reconciliations (install_id, reconciliation_id);
CREATE UNIQUE INDEX reconciliations_one_per_install ON reconciliations (install_id) WHERE state = 'running';
CREATE UNIQUE INDEX reconciliations_one_scheduled ON reconciliations (install_id)
    WHERE why <> 'requested' AND state IN ('queued', 'running', 'waiting');

-- Which row was seen last by which reconciliation, and what it looked like in the list.
CREATE TABLE reconciled_rows (
    store_id      bigint NOT NULL,
    kind          text NOT NULL,
    entity_id     text NOT NULL,
    hash          bytea,
    seen_by       bigint NOT NULL,
    PRIMARY KEY (store_id, kind, entity_id)
);

-- The last look at each install's webhooks: event -> state, and event -> why it could not be subscribed.
CREATE TABLE webhook_checks (
    install_id    bigint PRIMARY KEY,
    store_id      bigint NOT NULL,
    due_at        timestamptz NOT NULL,
    checked_at    timestamptz,
    complete_at   timestamptz,
    states        jsonb NOT NULL DEFAULT '{}',
    problems      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX webhook_checks_due ON webhook_checks (due_at);
