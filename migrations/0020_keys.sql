-- Keys that are changed while the service runs.

-- When the data key itself was made (not when it was sealed last), so that making all of them anew can go on after a
-- crash. A release that does not know the column makes keys now.
ALTER TABLE data_keys ADD COLUMN made_at timestamptz NOT NULL DEFAULT now();

-- One row for each time the ring or the data keys were changed; at most one of a kind is unfinished.
CREATE TABLE key_rotations (
    rotation_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('ring', 'data_keys')),
    -- The ring key that seals afterwards. Its id, never the key.
    key_id       text NOT NULL,
    begun_at     timestamptz NOT NULL DEFAULT now(),
    done         bigint NOT NULL DEFAULT 0,
    finished_at  timestamptz
);
CREATE UNIQUE INDEX key_rotations_open ON key_rotations (kind) WHERE finished_at IS NULL;

-- Installs whose data key or tokens do not open. The rows themselves stay where they are, untouched.
CREATE TABLE key_quarantine (
    install_id   bigint PRIMARY KEY,
    store_id     bigint NOT NULL,
    part         text NOT NULL CHECK (part IN ('data_key', 'tokens')),
    key_id       text NOT NULL,
    problem      text NOT NULL,
    found_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX key_quarantine_by_store ON key_quarantine (store_id);

-- Which keys each running process holds, in their order: ids, never keys. Belongs to the worker's lease and is of no
-- meaning after it, so a crash of the database may empty it.
CREATE UNLOGGED TABLE process_rings (
    worker_id    bigint PRIMARY KEY,
    kind         text NOT NULL,
    rings        jsonb NOT NULL,
    noted_at     timestamptz NOT NULL DEFAULT now()
);
