-- The chain of seals over the audit. A scheduler adds a seal for the lines that are committed and can
-- have no neighbour added below them any more; nobody changes or removes one.
CREATE TABLE audit_seals (
    number    bigint PRIMARY KEY CHECK (number > 0),
    -- Of the audit's ids in this range those in `lines` exist, and no others: numbers of
    -- transactions that were rolled back stay gaps.
    from_id   bigint NOT NULL,
    to_id     bigint NOT NULL,
    -- For each line its id (8 bytes, big-endian) and the first 16 bytes of the SHA-256 of its content.
    lines     bytea NOT NULL,
    entries   integer GENERATED ALWAYS AS (octet_length(lines) / 24) STORED,
    -- The head (SHA-256) of the seal before this one.
    previous  bytea NOT NULL,
    sealed_at timestamptz NOT NULL,
    -- Which key of the configuration made `mac`, the HMAC-SHA-256 of this seal's own head.
    key_id    text NOT NULL,
    mac       bytea NOT NULL
);

-- Append-only for the processes, as the audit itself. Of a line of the audit they say what happened;
-- its number and its time are the database's own.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON audit_seals FROM wasl_app;
        REVOKE INSERT ON audit FROM wasl_app;
        GRANT INSERT (action, actor, store_id, install_id, request_id, details) ON audit TO wasl_app;
    END IF;
END $$;
