-- What Redis holds, for installations that have Postgres alone. All of it may be lost: the tables are
-- UNLOGGED, hence empty after a crash or a failover. Then work is published again by the sweep, a merchant
-- who was in the middle of installing starts again, and a store's allowance is reckoned anew.

-- OAuth states, cached answers, permissions to probe. A name is kept as a hash; `expires_at` is this database's time.
CREATE UNLOGGED TABLE short_lived (
    key          bytea PRIMARY KEY,
    content      bytea NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX short_lived_expiry ON short_lived (expires_at);

-- One row per store that was called of late. `version` is what a writer read: who finds another reads again.
-- No index on what changes, and room in the page: an update stays where the row is.
CREATE UNLOGGED TABLE rate_levels (
    key          text PRIMARY KEY,
    version      bigint NOT NULL,
    level        double precision NOT NULL,
    at           double precision NOT NULL,
    trust        double precision NOT NULL,
    closed_until double precision NOT NULL,
    credits      double precision[] NOT NULL,
    due          double precision[] NOT NULL,
    expires_at   timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- The work index: one row per item. Items are handed out by `turn`: a store's next item gets the turn after its last
-- one, or the present turn, whichever is later; so each of n busy stores gets every n-th place.
-- `free_at` moves when an item is handed out; it is in no index, so that row stays where it is.
CREATE UNLOGGED TABLE work_index (
    name         text NOT NULL,
    item         text NOT NULL,
    store_id     bigint NOT NULL,
    turn         bigint NOT NULL,
    number       bigint GENERATED ALWAYS AS IDENTITY,
    free_at      timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (name, item)
) WITH (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_insert_threshold = -1, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX work_index_in_turn ON work_index (name, turn, number);
CREATE INDEX work_index_by_store ON work_index (name, store_id, turn);

-- Stores that were turned away since they last had room.
CREATE UNLOGGED TABLE work_index_full (
    name         text NOT NULL,
    store_id     bigint NOT NULL,
    PRIMARY KEY (name, store_id)
);

-- Gone with the rest: whoever finds no row here knows that the content was lost.
CREATE UNLOGGED TABLE work_index_life (
    name         text PRIMARY KEY,
    incarnation  text NOT NULL
);

-- `wanted` and `stores` are as long as each other. How many were added. One publisher at a time: two could fill a
-- store's window twice. The present turn is that of the next item which nobody had yet; what comes back
-- because it was not finished has an older one.
CREATE FUNCTION work_publish(index_name text, most integer, wanted text[], stores bigint[]) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    present bigint;
    added integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('wasl work index ' || index_name, 0));
    present := coalesce(
        (SELECT w.turn FROM work_index w WHERE w.name = index_name AND w.free_at = '-infinity'
         ORDER BY w.turn, w.number LIMIT 1),
        (SELECT max(w.turn) FROM work_index w WHERE w.name = index_name),
        0);
    WITH asked AS (
        SELECT a.item, a.store_id, min(a.place) AS place
        FROM unnest(wanted, stores) WITH ORDINALITY AS a (item, store_id, place)
        WHERE NOT EXISTS (SELECT FROM work_index w WHERE w.name = index_name AND w.item = a.item)
        GROUP BY a.item, a.store_id
    ),
    held AS (
        SELECT s.store_id, h.many, h.last FROM (SELECT DISTINCT store_id FROM asked) AS s CROSS JOIN LATERAL (
            SELECT count(*) AS many, max(w.turn) AS last FROM work_index w
            WHERE w.name = index_name AND w.store_id = s.store_id) AS h
    ),
    in_line AS (
        SELECT a.item, store_id, a.place, h.last, row_number() OVER of_store AS nth,
               h.many + row_number() OVER of_store AS would_hold
        FROM asked a JOIN held h USING (store_id) WINDOW of_store AS (PARTITION BY store_id ORDER BY a.place)
    ),
    full_ones AS (
        INSERT INTO work_index_full (name, store_id)
        SELECT DISTINCT index_name, store_id FROM in_line WHERE would_hold > most ON CONFLICT DO NOTHING
    ),
    fitting AS (
        INSERT INTO work_index (name, item, store_id, turn)
        SELECT index_name, item, store_id, greatest(present, last + 1) + nth - 1
        FROM in_line WHERE would_hold <= most ORDER BY place
        RETURNING 1
    )
    SELECT count(*) INTO added FROM fitting;
    IF added > 0 THEN
        PERFORM pg_notify('wasl_work', index_name);
    END IF;
    RETURN added;
END $$;

-- Stores of the finished items that were turned away since they last had room, and now hold `room` items or fewer.
CREATE FUNCTION work_finish(index_name text, room integer, done text[]) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
    touched bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('wasl work index ' || index_name, 0));
    WITH gone AS (
        DELETE FROM work_index w WHERE w.name = index_name AND w.item = ANY (done) RETURNING w.store_id
    )
    SELECT array_agg(DISTINCT store_id) INTO touched FROM gone;
    RETURN QUERY
        DELETE FROM work_index_full f
        WHERE f.name = index_name AND f.store_id = ANY (touched)
          AND (SELECT count(*) FROM work_index w WHERE w.name = index_name AND w.store_id = f.store_id) <= room
        RETURNING f.store_id;
END $$;
