-- What people should know of, and how the renewal of tokens goes.

-- Kind and subject are an alert's name: one of a name is open at most.
CREATE TABLE alerts (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind            text NOT NULL,
    subject         text NOT NULL,
    store_id        bigint,
    install_id      bigint,
    reason          text NOT NULL DEFAULT '',
    raised_at       timestamptz NOT NULL DEFAULT now(),
    told_at         timestamptz,
    healed_at       timestamptz,
    healing_told_at timestamptz,
    -- Somebody is telling it until then.
    claimed_until   timestamptz
);
CREATE UNIQUE INDEX alerts_open ON alerts (kind, subject) WHERE healed_at IS NULL;
CREATE INDEX alerts_untold ON alerts (alert_id)
    WHERE told_at IS NULL OR (healed_at IS NOT NULL AND healing_told_at IS NULL);
CREATE INDEX alerts_by_store ON alerts (store_id, alert_id);
CREATE INDEX alerts_healed ON alerts (healed_at) WHERE healed_at IS NOT NULL;

-- Those that have waited since before there were alerts.
INSERT INTO alerts (kind, subject, store_id, install_id, reason)
SELECT 'needs_reauthorization', store_id::text, store_id, install_id, 'since before this release'
FROM stores WHERE state = 'needs_reauthorization';

-- What each run over due stores did; `outcomes` counts its stores by what became of them.
CREATE TABLE refresh_runs (
    run_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    began_at     timestamptz NOT NULL,
    seconds      double precision NOT NULL,
    claimed      integer NOT NULL,
    outcomes     jsonb NOT NULL,
    stopped      text
);
CREATE INDEX refresh_runs_began ON refresh_runs (began_at);

-- A claim moves its rows to another place of the index. At the server's default the places of a fifth of the
-- table would have to be passed over by every claim before they are cleared.
ALTER TABLE refresh_due SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_cost_delay = 0);
