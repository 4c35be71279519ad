"""Jobs over dead letters: marked when they are opened, executed bit by bit under the job's row lock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import asyncpg

from adapters.postgres import redrive_sql as sql
from adapters.postgres.audit import write_audit
from adapters.postgres.connection import Connection, Pool, acquire, transaction
from adapters.postgres.event_rows import work_item
from adapters.postgres.letters import letters_chosen, stamp
from adapters.postgres.storable_text import storable
from core.domain.audit import AuditEntry
from core.domain.dead_letters import Fingerprint
from core.domain.events import WorkItem
from core.domain.redrive import DeskAction, Group, Job, JobId, JobState, Pace, Step, end_of, share_out
from core.domain.redrive_audit import ended, opened, stopped
from core.ports.redrives import Advanced, Order, Redrives

LONG: Final = 120.0
"""Seconds for marking or unmarking a hundred thousand letters on a slow machine."""
_PATIENCE: Final = f"SET LOCAL statement_timeout = '{LONG:.0f}s'"
STAMPED_AT_ONCE: Final = 2000
REST: Final = timedelta(seconds=5)
"""Until the next look at a job whose letters all belong to paused stores."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """A job under its lock. `undone` says that a person ended it while letters were in flight."""

    job: Job
    undone: bool


class PostgresRedrives(Redrives):
    """The tables `redrives`, `redrive_groups` and `redrive_items`. `version` is that of the app's handlers."""

    def __init__(self, pool: Pool, version: str) -> None:
        self._pool = pool
        self._version = version

    async def open(self, order: Order, *, audit: AuditEntry) -> Job:
        async with transaction(self._pool) as connection:
            await connection.execute(_PATIENCE)
            while await stamp(connection, self._version, STAMPED_AT_ONCE):
                pass
            job_id = await _insert(connection, order, audit.actor)
            letters = await _mark(connection, order, job_id)
            await write_audit(connection, opened(audit, job_id, letters))
            return await _close_if_over(connection, await _take(connection, job_id))

    async def job(self, job_id: JobId) -> Job | None:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(f"{sql.JOB} WHERE job_id = $1", job_id)
            return next(iter(await _told(connection, rows)), None)

    async def jobs(self, *, limit: int = 50) -> Sequence[Job]:
        async with acquire(self._pool) as connection:
            rows = await connection.fetch(f"{sql.JOB} ORDER BY job_id DESC LIMIT $1", limit)
            return await _told(connection, rows)

    async def undo(self, job_id: JobId, *, audit: AuditEntry) -> Job | None:
        async with transaction(self._pool) as connection:
            await connection.execute(_PATIENCE)
            rows = await connection.fetch(f"{sql.JOB} WHERE job_id = $1 FOR UPDATE", job_id)
            if not rows or rows[0]["state"] != JobState.OPEN:
                return next(iter(await _told(connection, rows)), None)
            left = await connection.fetch(sql.UNDO, job_id, timeout=LONG)
            await connection.execute(sql.UNDONE, job_id)
            await write_audit(connection, opened(audit, job_id, sum(row["letters"] for row in left)))
            return await _close_if_over(connection, await _take(connection, job_id))

    async def advance(self, pace: Pace) -> Advanced | None:
        async with transaction(self._pool) as connection:
            row = await connection.fetchrow(sql.TAKE)
            if row is None:
                return None
            job_id = JobId(row["job_id"])
            await connection.execute(_PATIENCE)
            await connection.execute(sql.LOOK, job_id)
            steps = await _steps(connection, await _take(connection, job_id), pace)
            halted = [await _stop(connection, job_id, step) for step in steps if step.stop]
            before = await _take(connection, job_id)
            work = await _execute(connection, before.job, steps)
            after = await _take(connection, job_id)
            await connection.execute(sql.TURN, job_id, REST if _is_stuck(steps, before.job, after.job) else None)
            job = await _close_if_over(connection, after)
        return Advanced(job, work, halted)

    async def forget(self, age: timedelta) -> int:
        async with acquire(self._pool) as connection:
            return int(await connection.fetchval(sql.FORGET, age))


async def _insert(connection: Connection, order: Order, actor: str) -> JobId:
    values = (order.action, actor, order.chosen, order.canary, order.stop_above, storable(order.reason))
    return JobId(await connection.fetchval(sql.OPEN, *values, order.starts_in))


async def _mark(connection: Connection, order: Order, job_id: JobId) -> int:
    conditions = letters_chosen(order.wanted, order.ids)
    if order.action is DeskAction.REDRIVE:
        conditions.require(sql.ABLE)
    job = f"{conditions.number(job_id)}::bigint"
    marked = await connection.fetch(
        sql.MARK.format(job=job, chosen=conditions.sql), *conditions.arguments, timeout=LONG
    )
    return sum(row["total"] for row in marked)


async def _take(connection: Connection, job_id: JobId) -> _Taken:
    """The job as it stands; locked before, or made in this transaction."""
    rows = await connection.fetch(f"{sql.JOB} WHERE job_id = $1", job_id)
    [job] = await _told(connection, rows)
    return _Taken(job, rows[0]["undone_at"] is not None)


async def _steps(connection: Connection, taken: _Taken, pace: Pace) -> Sequence[Step]:
    job = taken.job
    if job.action is DeskAction.DISCARD:
        return share_out(job.groups, canary=False, stop_above=None, room=pace.discard_at_once, waiting_room=1)
    load = await connection.fetch(sql.LOAD)
    failing = {row["fingerprint"]: row["failing"] for row in load if row["job_id"] == job.job_id}
    waiting = sum(row["waiting"] for row in load)
    return share_out(
        [replace(group, failing=failing.get(group.fingerprint, 0)) for group in job.groups],
        canary=job.canary,
        stop_above=job.stop_above,
        room=pace.in_flight - sum(row["in_flight"] for row in load) + waiting,
        waiting_room=pace.waiting - waiting,
    )


async def _stop(connection: Connection, job_id: JobId, step: Step) -> Group:
    await connection.execute(sql.STOP, job_id, step.fingerprint, step.stop, timeout=LONG)
    taken = await _take(connection, job_id)
    group = next(group for group in taken.job.groups if group.fingerprint == step.fingerprint)
    await write_audit(connection, stopped(job_id, group))
    return group


async def _execute(connection: Connection, job: Job, steps: Sequence[Step]) -> Sequence[WorkItem]:
    """Locks stores, then events, then runs: the order of everybody who takes all three."""
    sent = [(step.fingerprint, step.send, step.tries) for step in steps if step.send]
    if not sent:
        return []
    picked = await connection.fetch(sql.PICK, job.job_id, *zip(*sent, strict=True))
    events = [row["event_id"] for row in picked]
    if not events:
        return []
    await connection.execute(sql.HOLD_STORES, events)
    await connection.execute(sql.HOLD_EVENTS, events)
    runs, marks = [row["run_id"] for row in picked], [row["fingerprint"] for row in picked]
    if job.action is DeskAction.DISCARD:
        await connection.execute(sql.DISCARD_RECORDED, job.job_id, events, runs, marks, job.reason)
        return []
    tries = [row["tries"] for row in picked]
    rows = await connection.fetch(sql.SEND_RECORDED, job.job_id, events, runs, marks, tries)
    return [work_item(row) for row in rows]


async def _close_if_over(connection: Connection, taken: _Taken) -> Job:
    state = end_of(taken.job.groups, undone=taken.undone)
    if state is None:
        return taken.job
    closed_at = await connection.fetchval(sql.CLOSE, taken.job.job_id, state)
    job = replace(taken.job, state=state, closed_at=closed_at)
    await write_audit(connection, ended(job))
    return job


def _is_stuck(steps: Sequence[Step], before: Job, after: Job) -> bool:
    """Had room to send, and nothing could be: what is left belongs to paused stores."""
    return any(step.send for step in steps) and before.pending == after.pending


async def _told(connection: Connection, rows: Sequence[asyncpg.Record]) -> list[Job]:
    groups: defaultdict[int, list[Group]] = defaultdict(list)
    for row in await connection.fetch(sql.GROUPS, [row["job_id"] for row in rows]):
        groups[row["job_id"]].append(_group(row))
    return [_job(row, groups[row["job_id"]]) for row in rows]


def _group(row: asyncpg.Record) -> Group:
    return Group(
        Fingerprint(row["fingerprint"]),
        row["handler"],
        row["total"],
        in_flight=row["in_flight"],
        succeeded=row["succeeded"],
        failed=row["failed"],
        skipped=row["skipped"],
        undone=row["undone"],
        stopped=row["stopped"],
    )


def _job(row: asyncpg.Record, groups: Sequence[Group]) -> Job:
    return Job(
        JobId(row["job_id"]),
        DeskAction(row["action"]),
        JobState(row["state"]),
        row["actor"],
        row["chosen"],
        row["canary"],
        row["stop_above"],
        row["reason"],
        row["starts_at"],
        row["opened_at"],
        row["closed_at"],
        groups,
    )
