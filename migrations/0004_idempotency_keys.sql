-- Writes over HTTP that name an Idempotency-Key: which were begun, and what was answered.
-- A key is kept as a hash of its scope and itself. A row that is in progress names the worker whose
-- lease guards it: without that lease nobody knows whether the write happened.
CREATE TABLE idempotency_keys (
    key          bytea PRIMARY KEY,
    -- Which begin this is: a finish that comes after the key was forgotten and begun anew changes nothing.
    claim        bigint GENERATED ALWAYS AS IDENTITY,
    fingerprint  bytea NOT NULL,
    worker_id    bigint NOT NULL,
    state        text NOT NULL CHECK (state IN ('in_progress', 'finished')),
    begun_at     timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz NOT NULL,
    status       smallint,
    headers      jsonb,
    body         bytea,
    CHECK ((state = 'finished') = (status IS NOT NULL))
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
