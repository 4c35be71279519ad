-- The desk for dead letters. A dead letter is a dead run, or a dead event that never reached its handlers' runs.

-- What failed in the same way has the same fingerprint: core/domain/dead_letters.py. Without one until it is stamped.
-- `tries` is how often it may be tried before it is dead; null leaves that to the handler's policy.
ALTER TABLE events ADD COLUMN fingerprint text, ADD COLUMN tries smallint;
ALTER TABLE runs ADD COLUMN fingerprint text, ADD COLUMN tries smallint;

-- A redrive or discard of many: its letters are marked when it is opened, so that its counts are exact from then on.
-- `chosen` tells which filter was used, for people.
CREATE TABLE redrives (
    job_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    action       text NOT NULL CHECK (action IN ('redrive', 'discard')),
    state        text NOT NULL CHECK (state IN ('open', 'done', 'stopped', 'undone')),
    actor        text NOT NULL,
    chosen       jsonb NOT NULL DEFAULT '{}',
    canary       boolean NOT NULL,
    stop_above   real,
    reason       text,
    starts_at    timestamptz NOT NULL,
    opened_at    timestamptz NOT NULL DEFAULT now(),
    advanced_at  timestamptz,
    undone_at    timestamptz,
    closed_at    timestamptz
);
CREATE INDEX redrives_open ON redrives (starts_at) WHERE state = 'open';

-- Counts of a job's items, kept by whoever moves them, under the job's lock. What is in none of them is pending.
CREATE TABLE redrive_groups (
    job_id       bigint NOT NULL REFERENCES redrives ON DELETE CASCADE,
    fingerprint  text NOT NULL,
    handler      text NOT NULL,
    stopped      text,
    total        integer NOT NULL,
    in_flight    integer NOT NULL DEFAULT 0,
    succeeded    integer NOT NULL DEFAULT 0,
    failed       integer NOT NULL DEFAULT 0,
    skipped      integer NOT NULL DEFAULT 0,
    undone       integer NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, fingerprint)
);

-- run_id 0 is the event itself.
CREATE TABLE redrive_items (
    job_id       bigint NOT NULL,
    event_id     uuid NOT NULL,
    run_id       bigint NOT NULL,
    seq          bigint NOT NULL,
    fingerprint  text NOT NULL,
    state        text NOT NULL DEFAULT 'pending'
                 CHECK (state IN ('pending', 'in_flight', 'succeeded', 'failed', 'skipped', 'undone')),
    PRIMARY KEY (job_id, event_id, run_id)
);
-- Whoever asks first has it: a letter is in one open job at most.
CREATE UNIQUE INDEX redrive_items_open ON redrive_items (event_id, run_id)
    WHERE state IN ('pending', 'in_flight');
CREATE INDEX redrive_items_pending ON redrive_items (job_id, fingerprint, seq) WHERE state = 'pending';
CREATE INDEX redrive_items_in_flight ON redrive_items (job_id) WHERE state = 'in_flight';
