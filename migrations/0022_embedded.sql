-- Embedded apps: the UUIDs by which Zid's dashboard opens the app, as hashes, and when each install needs a new one.

CREATE TABLE embedded_installs (
    install_id    bigint PRIMARY KEY,
    store_id      bigint NOT NULL,
    -- 'infinity' where the UUID is kept for good.
    due_at        timestamptz NOT NULL,
    failures      integer NOT NULL DEFAULT 0,
    registered_at timestamptz,
    -- Why the last try failed.
    problem       text,
    -- Visits that began earlier are over: the UUID that opened them was replaced because it had leaked.
    visits_since  timestamptz
);
CREATE INDEX embedded_installs_due ON embedded_installs (due_at);

-- `number` tells which of an install's UUIDs is newer. A UUID is kept before Zid is told of it and ends
-- some minutes after a newer one was presented, or with its install.
CREATE TABLE embedded_tokens (
    number        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    token_hash    bytea NOT NULL UNIQUE,
    install_id    bigint NOT NULL,
    store_id      bigint NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    accepted_at   timestamptz,
    presented_at  timestamptz,
    expires_at    timestamptz NOT NULL DEFAULT 'infinity'
);
CREATE INDEX embedded_tokens_by_install ON embedded_tokens (install_id, number);
