-- The App Market's events, each once, and what they led to. Of their content only what names the
-- plan is kept: the merchant's e-mail and telephone never reach a table.
CREATE TABLE app_events (
    app_event_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key          bytea NOT NULL UNIQUE,
    store_id     bigint NOT NULL,
    install_id   bigint,
    name         text NOT NULL,
    app_id       text,
    plan         jsonb NOT NULL,
    request_id   text,
    received_at  timestamptz NOT NULL DEFAULT now(),
    tries        integer NOT NULL DEFAULT 0,
    -- Null once it is decided.
    due_at       timestamptz,
    why          text,
    outcome      text,
    settled_at   timestamptz,
    CHECK ((due_at IS NULL) = (outcome IS NOT NULL))
);
CREATE INDEX app_events_due ON app_events (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX app_events_by_store ON app_events (store_id, app_event_id);
CREATE INDEX app_events_settled ON app_events (settled_at) WHERE settled_at IS NOT NULL;

-- What a store pays the app for, as last heard.
CREATE TABLE store_subscriptions (
    store_id       bigint PRIMARY KEY,
    plan           jsonb NOT NULL,
    is_usage_based boolean,
    verified       boolean NOT NULL,
    told_by        text NOT NULL,
    seen_at        timestamptz NOT NULL
);
