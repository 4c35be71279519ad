-- API keys: their hashes and what they open. Nothing is deleted, so that a number in the audit means one key for ever.
CREATE TABLE api_keys (
    key_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Where its line of rotations began; null for the first itself.
    first_id        bigint REFERENCES api_keys,
    digest          bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    hint            text NOT NULL,
    name            text NOT NULL,
    scopes          text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'operate', 'admin']),
    rate_per_minute integer CHECK (rate_per_minute > 0),
    created_at      timestamptz NOT NULL DEFAULT now(),
    expires_at      timestamptz,
    revoked_at      timestamptz,
    last_used_at    timestamptz,
    rotated_to      bigint REFERENCES api_keys
);

-- Wrong keys at the console's sign-in, by whoever typed them (a hash). May be lost.
CREATE UNLOGGED TABLE guesses (
    key             bytea PRIMARY KEY,
    failures        integer NOT NULL,
    free_at         timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);
CREATE INDEX guesses_expiry ON guesses (expires_at);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'wasl_app') THEN
        REVOKE DELETE, TRUNCATE ON api_keys FROM wasl_app;
    END IF;
END $$;
