-- Stores, their installs, and the sealed tokens.
-- Everything here is small: one row per store or install.

-- The processes connect as wasl_app, which owns nothing. Where that role does not
-- exist (one role for everything), there is nothing to grant.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_app') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO wasl_app', current_schema());
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO wasl_app', current_schema());
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO wasl_app', current_schema());
    END IF;
END $$;

CREATE TABLE stores (
    store_id     bigint PRIMARY KEY,
    uuid         text,
    title        text NOT NULL,
    url          text,
    currency     text,
    install_id   bigint NOT NULL,
    epoch        integer NOT NULL,
    -- The state of the current install, kept here so that ingest reads one row.
    state        text NOT NULL CHECK (state IN ('active', 'needs_reauthorization', 'uninstalled')),
    updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE installs (
    install_id   bigint PRIMARY KEY,
    store_id     bigint NOT NULL REFERENCES stores,
    epoch        integer NOT NULL,
    state        text NOT NULL CHECK (state IN ('active', 'needs_reauthorization', 'uninstalled')),
    installed_at timestamptz NOT NULL DEFAULT now(),
    ended_at     timestamptz,
    UNIQUE (store_id, epoch)
);

-- One data key per install, sealed by the ring key `key_id`. Rotation touches only this table;
-- deleting a row shreds the tokens sealed by it.
CREATE TABLE data_keys (
    install_id   bigint PRIMARY KEY REFERENCES installs,
    store_id     bigint NOT NULL,
    key_id       text NOT NULL,
    wrapped      bytea NOT NULL
);
CREATE INDEX data_keys_by_ring_key ON data_keys (key_id);

CREATE TABLE tokens (
    install_id   bigint PRIMARY KEY REFERENCES installs,
    store_id     bigint NOT NULL,
    generation   bigint NOT NULL,
    sealed       bytea NOT NULL,
    expires_at   timestamptz,
    updated_at   timestamptz NOT NULL DEFAULT now()
);

-- Narrow on purpose: finding what is due among a million stores reads only this.
-- An install that must not be refreshed is parked at 'infinity', so that it never stands in the way of those that are due.
CREATE TABLE refresh_due (
    install_id   bigint PRIMARY KEY REFERENCES installs,
    store_id     bigint NOT NULL,
    due_at       timestamptz NOT NULL,
    failures     smallint NOT NULL DEFAULT 0
);
CREATE INDEX refresh_due_at ON refresh_due (due_at);

-- Who may exchange which generation. The primary key decides; `worker_id` says whose lease guards it.
CREATE TABLE refresh_intents (
    install_id   bigint NOT NULL,
    generation   bigint NOT NULL,
    worker_id    bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('sending', 'unknown', 'last_resort', 'spent')),
    taken_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (install_id, generation)
);

-- What Zid listed last; for people and for drift checks, never for decisions about deliveries.
CREATE TABLE webhook_subscriptions (
    install_id   bigint NOT NULL REFERENCES installs,
    zid_id       text NOT NULL,
    event        text NOT NULL,
    target_url   text NOT NULL,
    original_id  text,
    active       boolean NOT NULL,
    health       text,
    seen_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (install_id, zid_id)
);

CREATE TABLE audit (
    audit_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT now(),
    action       text NOT NULL,
    actor        text NOT NULL,
    store_id     bigint,
    install_id   bigint,
    request_id   text,
    details      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_by_store ON audit (store_id, audit_id);

-- Append-only for the processes.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_app') THEN
        REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM wasl_app;
    END IF;
END $$;
