"""The statements of jobs over dead letters. All that change a job hold its row."""

from __future__ import annotations

from typing import Final

from adapters.postgres.claimable_work import of_live_install
from adapters.postgres.letters import LETTERS
from adapters.postgres.moves import BY_KEY, DEAD, HELD, LIVE_STATES, UNFINISHED_STATES, WAITING, sql_list
from core.domain.event_states import EventState

JOB: Final = """
    SELECT job_id, action, state, actor, chosen, canary, stop_above, reason, starts_at, opened_at, closed_at, undone_at
    FROM redrives
"""
GROUPS: Final = """
    SELECT job_id, fingerprint, handler, stopped, total, in_flight, succeeded, failed, skipped, undone
    FROM redrive_groups WHERE job_id = ANY ($1) ORDER BY job_id, fingerprint
"""

OPEN: Final = """
    INSERT INTO redrives (action, state, actor, chosen, canary, stop_above, reason, starts_at)
    VALUES ($1, 'open', $2, $3, $4, $5, $6, now() + $7) RETURNING job_id
"""
# In one order everywhere: of two who mark the same letters at once, one gets each and nobody waits in a circle.
MARK: Final = f"""
    WITH marked AS (
        INSERT INTO redrive_items (job_id, event_id, run_id, seq, fingerprint)
        SELECT {{job}}, l.event_id, l.run_id, l.seq, l.fingerprint FROM {LETTERS}
        WHERE {{chosen}} AND l.fingerprint IS NOT NULL ORDER BY l.event_id, l.run_id
        ON CONFLICT (event_id, run_id) WHERE state IN ('pending', 'in_flight') DO NOTHING
        RETURNING fingerprint, run_id
    )
    INSERT INTO redrive_groups (job_id, fingerprint, total, handler)
    SELECT {{job}}, fingerprint, count(*), coalesce((SELECT handler FROM runs WHERE run_id = max(m.run_id)), '')
    FROM marked m GROUP BY fingerprint
    RETURNING total
"""
ABLE: Final = f"l.readable AND {of_live_install('l', or_paused=True)}"
"""What a redrive marks."""

TAKE: Final = (
    JOB
    + """
    WHERE state = 'open' AND starts_at <= now() ORDER BY advanced_at NULLS FIRST, job_id
    LIMIT 1 FOR UPDATE SKIP LOCKED
"""
)
TURN: Final = (
    "UPDATE redrives SET advanced_at = clock_timestamp(), starts_at = coalesce(now() + $2, starts_at) WHERE job_id = $1"
)

# An event that reached its runs is a success of its redrive: what happens to these is their own story.
_OUTCOME: Final = f"""
    CASE WHEN i.run_id = 0 AND e.event_id IS NULL OR i.run_id > 0 AND r.run_id IS NULL THEN 'skipped'
         WHEN coalesce(r.state, e.state) = 'erased' THEN 'skipped'
         WHEN i.run_id > 0 AND r.state IN {DEAD} OR i.run_id = 0 AND e.state IN {DEAD} AND e.dead_runs = 0 THEN 'failed'
         WHEN i.run_id > 0 AND r.state IN {UNFINISHED_STATES} THEN 'in_flight'
         WHEN i.run_id = 0 AND e.state IN {UNFINISHED_STATES} AND e.open_runs = 0 THEN 'in_flight'
         ELSE 'succeeded' END
"""
_ROWS: Final = """
    redrive_items i
    LEFT JOIN events e ON i.run_id = 0 AND e.event_id = i.event_id
    LEFT JOIN runs r ON i.run_id > 0 AND r.run_id = i.run_id
"""
LOOK: Final = f"""
    WITH seen AS MATERIALIZED (
        SELECT i.event_id, i.run_id, {_OUTCOME} AS outcome FROM {_ROWS}
        WHERE i.job_id = $1 AND i.state = 'in_flight'
    ),
    moved AS (
        UPDATE redrive_items i SET state = s.outcome FROM seen s
        WHERE s.outcome <> 'in_flight' AND i.job_id = $1 AND i.event_id = s.event_id AND i.run_id = s.run_id
        RETURNING i.fingerprint, i.state
    ),
    counted AS (
        SELECT fingerprint, count(*) AS moved, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
               count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE state = 'skipped') AS skipped
        FROM moved GROUP BY fingerprint
    )
    UPDATE redrive_groups g
    SET in_flight = g.in_flight - c.moved, succeeded = g.succeeded + c.succeeded, failed = g.failed + c.failed,
        skipped = g.skipped + c.skipped
    FROM counted c WHERE g.job_id = $1 AND g.fingerprint = c.fingerprint
"""
LOAD: Final = f"""
    SELECT i.job_id, i.fingerprint, count(*) AS in_flight,
           count(*) FILTER (WHERE coalesce(r.state, e.state) IN {WAITING}) AS waiting,
           count(*) FILTER (WHERE coalesce(r.state, e.state) IN {WAITING}
                            AND coalesce(r.attempts, e.attempts) > 0) AS failing
    FROM {_ROWS} WHERE i.state = 'in_flight' GROUP BY i.job_id, i.fingerprint
"""

STOP: Final = """
    WITH left_dead AS (
        UPDATE redrive_items SET state = 'undone'
        WHERE job_id = $1 AND fingerprint = $2 AND state = 'pending' RETURNING 1
    )
    UPDATE redrive_groups SET stopped = $3, undone = undone + (SELECT count(*) FROM left_dead)
    WHERE job_id = $1 AND fingerprint = $2
"""
UNDO: Final = """
    WITH left_dead AS (
        UPDATE redrive_items SET state = 'undone' WHERE job_id = $1 AND state = 'pending' RETURNING fingerprint
    ),
    counted AS (SELECT fingerprint, count(*) AS letters FROM left_dead GROUP BY fingerprint)
    UPDATE redrive_groups g SET undone = g.undone + c.letters
    FROM counted c WHERE g.job_id = $1 AND g.fingerprint = c.fingerprint
    RETURNING c.letters
"""
UNDONE: Final = "UPDATE redrives SET undone_at = now() WHERE job_id = $1"
CLOSE: Final = "UPDATE redrives SET state = $2, closed_at = now() WHERE job_id = $1 RETURNING closed_at"

# What belongs to a paused store is left for later.
PICK: Final = """
    SELECT p.event_id, p.run_id, p.fingerprint, g.tries
    FROM unnest($2::text[], $3::int[], $4::smallint[]) AS g (fingerprint, send, tries) CROSS JOIN LATERAL (
        SELECT i.event_id, i.run_id, i.fingerprint FROM redrive_items i
        WHERE i.job_id = $1 AND i.fingerprint = g.fingerprint AND i.state = 'pending' AND NOT EXISTS (
            SELECT FROM events e JOIN stores s USING (store_id)
            WHERE e.event_id = i.event_id AND s.paused_at IS NOT NULL OFFSET 0)
        ORDER BY i.seq LIMIT g.send
    ) AS p
"""
HOLD_STORES: Final = f"""
    SELECT store_id FROM stores
    WHERE state IN {LIVE_STATES} AND store_id IN (SELECT store_id FROM events WHERE event_id = ANY ($1))
    ORDER BY store_id FOR SHARE
"""
HOLD_EVENTS: Final = "SELECT FROM events WHERE event_id = ANY ($1) ORDER BY seq FOR UPDATE"

_PAST_THE_MIRROR: Final = f"e.state{BY_KEY} IN {sql_list({EventState.DEAD, EventState.RUNNING})}"
"""Where an event is that has a dead run: given up as a whole, or at work in others."""

# Its parts: what of the picked is dead still and can be handled; the dead runs queued again, their events
# running with so many more open; the events that never had runs queued again; the items and counts.
SEND: Final = f"""
    WITH picked AS (
        SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::smallint[])
            AS p (event_id, run_id, fingerprint, tries)
    ),
    runs_revived AS (
        UPDATE runs r SET state = 'queued', attempts = 0, tries = p.tries, reason = NULL, failure = NULL,
                          fingerprint = NULL, due_at = NULL, settled_at = NULL
        FROM picked p JOIN events e USING (event_id)
        WHERE p.run_id > 0 AND r.run_id = p.run_id AND r.state{BY_KEY} IN {DEAD} AND e.body IS NOT NULL
          AND (e.state IN {DEAD} OR e.state IN {HELD} AND e.open_runs > 0) AND {of_live_install("r", or_paused=True)}
        RETURNING r.event_id, r.run_id, r.store_id, r.seq
    ),
    numbers AS (SELECT event_id, count(*) AS runs FROM runs_revived GROUP BY event_id),
    events_reopened AS (
        UPDATE events e SET state = 'running', open_runs = e.open_runs + n.runs, dead_runs = e.dead_runs - n.runs,
                            attempts = 0, due_at = NULL, settled_at = NULL,
                            reason = CASE WHEN e.dead_runs > n.runs THEN e.reason END
        FROM numbers n WHERE e.event_id = n.event_id AND {_PAST_THE_MIRROR}
    ),
    events_revived AS (
        UPDATE events e SET state = 'queued', attempts = 0, tries = p.tries, reason = NULL, fingerprint = NULL,
                            due_at = NULL, settled_at = NULL
        FROM picked p WHERE p.run_id = 0 AND e.event_id = p.event_id AND e.state{BY_KEY} IN {DEAD} AND e.dead_runs = 0
          AND e.lane IS NOT NULL AND e.body IS NOT NULL AND {of_live_install("e", or_paused=True)}
        RETURNING e.event_id, 0::bigint AS run_id, e.store_id, e.seq
    ),
    revived AS (SELECT * FROM runs_revived UNION ALL SELECT * FROM events_revived),
    {{recorded}}
    SELECT CASE WHEN run_id = 0 THEN 'event' ELSE 'run' END AS kind,
           CASE WHEN run_id = 0 THEN event_id::text ELSE run_id::text END AS id, store_id
    FROM revived ORDER BY seq
"""
_RECORDED: Final = """
    items AS (
        UPDATE redrive_items i SET state = CASE WHEN v.event_id IS NULL THEN 'skipped' ELSE '{state}' END
        FROM picked p LEFT JOIN revived v USING (event_id, run_id)
        WHERE i.job_id = $1 AND i.event_id = p.event_id AND i.run_id = p.run_id
        RETURNING i.fingerprint, i.state
    ),
    counted AS (
        SELECT fingerprint, count(*) FILTER (WHERE state = '{state}') AS acted,
               count(*) FILTER (WHERE state = 'skipped') AS skipped
        FROM items GROUP BY fingerprint
    ),
    written AS (
        UPDATE redrive_groups g SET {state} = g.{state} + c.acted, skipped = g.skipped + c.skipped
        FROM counted c WHERE g.job_id = $1 AND g.fingerprint = c.fingerprint
    )
"""
SEND_RECORDED: Final = SEND.format(recorded=_RECORDED.format(state="in_flight"))

# An event whose last dead run is discarded is cancelled with it; one that is at work again goes on.
_DISCARD: Final = f"""
    WITH picked AS (
        SELECT * FROM unnest($2::uuid[], $3::bigint[], $4::text[]) AS p (event_id, run_id, fingerprint)
    ),
    runs_discarded AS (
        UPDATE runs r SET state = 'cancelled', reason = $5, settled_at = now()
        FROM picked p WHERE p.run_id > 0 AND r.run_id = p.run_id AND r.state{BY_KEY} IN {DEAD}
        RETURNING r.event_id, r.run_id
    ),
    numbers AS (SELECT event_id, count(*) AS runs FROM runs_discarded GROUP BY event_id),
    events_closed AS (
        UPDATE events e
        SET dead_runs = e.dead_runs - n.runs,
            state = CASE WHEN e.state IN {DEAD} AND e.dead_runs <= n.runs THEN 'cancelled' ELSE e.state END,
            reason = CASE WHEN e.state IN {DEAD} AND e.dead_runs <= n.runs THEN $5 ELSE e.reason END,
            settled_at = CASE WHEN e.state IN {DEAD} THEN now() ELSE e.settled_at END
        FROM numbers n WHERE e.event_id = n.event_id AND {_PAST_THE_MIRROR}
    ),
    events_discarded AS (
        UPDATE events e SET state = 'cancelled', reason = $5, settled_at = now()
        FROM picked p WHERE p.run_id = 0 AND e.event_id = p.event_id AND e.state{BY_KEY} IN {DEAD} AND e.dead_runs = 0
        RETURNING e.event_id, 0::bigint AS run_id
    ),
    revived AS (SELECT * FROM runs_discarded UNION ALL SELECT * FROM events_discarded),
    {{recorded}}
    SELECT count(*) FROM revived
"""
DISCARD_RECORDED: Final = _DISCARD.format(recorded=_RECORDED.format(state="succeeded"))

FORGET: Final = """
    WITH old AS (DELETE FROM redrives WHERE job_id IN (
        SELECT job_id FROM redrives WHERE closed_at < now() - $1::interval
        ORDER BY job_id LIMIT 100 FOR UPDATE SKIP LOCKED) RETURNING job_id),
    items AS (DELETE FROM redrive_items WHERE job_id IN (SELECT job_id FROM old))
    SELECT count(*) FROM old
"""
