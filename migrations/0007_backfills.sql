-- Backfills: what of each kind of entity an install has read from Zid's lists, and up to which page.
-- Reading is claimed under a worker's lease and a fence, like a run; no two of one install at once.
CREATE TABLE backfills (
    install_id    bigint NOT NULL REFERENCES installs,
    kind          text NOT NULL CHECK (kind IN ('category', 'product', 'customer', 'order', 'cart')),
    store_id      bigint NOT NULL,
    -- The order in which the kinds of one store are read.
    place         smallint NOT NULL,
    state         text NOT NULL
                  CHECK (state IN ('queued', 'running', 'waiting', 'done', 'failed', 'cancelled')),
    -- The token of the page to read next; null before the first page, and after the last.
    page          text,
    pages         integer NOT NULL DEFAULT 0,
    read          bigint NOT NULL DEFAULT 0,
    total         bigint,
    failures      integer NOT NULL DEFAULT 0,
    reason        text,
    worker_id     bigint,
    fence         bigint NOT NULL DEFAULT 0,
    due_at        timestamptz NOT NULL,
    requested_at  timestamptz NOT NULL DEFAULT now(),
    started_at    timestamptz,
    progressed_at timestamptz,
    finished_at   timestamptz,
    PRIMARY KEY (install_id, kind)
);
CREATE INDEX backfills_due ON backfills (due_at, place) WHERE state IN ('queued', 'running', 'waiting');
-- Whatever two claims saw: a store is read by one at a time.
CREATE UNIQUE INDEX backfills_one_per_install ON backfills (install_id) WHERE state = 'running';
