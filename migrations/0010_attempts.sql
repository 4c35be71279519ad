-- What every attempt came to, for people: one row per attempt of a run, and per failed attempt of the mirror stage.
-- One index only, the key: a row is written at every settling, and looked up by its event alone.
CREATE TABLE attempts (
    attempt_id   bigint GENERATED ALWAYS AS IDENTITY,
    event_id     uuid NOT NULL,
    -- `mirror` for the built-in stage.
    handler      text NOT NULL,
    number       smallint NOT NULL,
    worker_id    bigint,
    started_at   timestamptz,
    ended_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    outcome      text NOT NULL,
    reason       text,
    -- {type, message, traceback}; never local variables.
    failure      jsonb,
    PRIMARY KEY (event_id, attempt_id)
);

-- How many workers died while they had this run, since it was settled last.
ALTER TABLE runs ADD COLUMN crashes smallint NOT NULL DEFAULT 0;
