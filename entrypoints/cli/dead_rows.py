"""Groups of dead letters and jobs as rows and records."""

from __future__ import annotations

from typing import Final

from core.domain.dead_letters import version_of
from core.domain.redrive import Group, ItemState, Job
from core.ports.dead_letters import DeadCount, DeadGroup
from entrypoints.cli.output import Row

GROUP_COLUMNS: Final = ("fingerprint", "count", "handler", "sample", "last_hour", "stores", "last_at", "topics")
JOB_COLUMNS: Final = ("job", "action", "state", "total", "pending", "in_flight", "succeeded", "failed", "opened_at")
JOB_GROUP_COLUMNS: Final = ("fingerprint", "handler", *(state.value for state in ItemState), "stopped")


def group_row(group: DeadGroup) -> Row:
    """A group; `id` is the event of the letter that arrived last, `sample` its reason."""
    return {
        "fingerprint": group.fingerprint,
        "version": version_of(group.fingerprint),
        "count": group.count,
        "last_hour": group.last_hour,
        "stores": group.stores,
        "store_ids": list(group.some_stores),
        "handler": group.handler or "(before any handler)",
        "topics": list(group.topics),
        "first_at": group.first_at,
        "last_at": group.last_at,
        "id": str(group.sample.event_id),
        "sample": group.sample.reason,
    }


def count_row(chosen: DeadCount) -> Row:
    return {"matched": chosen.events, "letters": chosen.letters, "able": chosen.able, "marked": chosen.marked}


def job_row(job: Job) -> Row:
    """A job; each of its letters is in one of the counts."""
    counts = {state.value: job.count(state) for state in ItemState}
    return {
        "job": job.job_id,
        "action": job.action.value,
        "state": job.state.value,
        "actor": job.actor,
        "chosen": dict(job.chosen),
        "canary": job.canary,
        "stop_above": job.stop_above,
        "reason": job.reason,
        "total": job.total,
        **counts,
        "opened_at": job.opened_at,
        "starts_at": job.starts_at,
        "closed_at": job.closed_at,
        "groups": [job_group_row(group) for group in job.groups],
    }


def job_group_row(group: Group) -> Row:
    counts = {state.value: getattr(group, state.value) for state in ItemState}
    handler = group.handler or "(before any handler)"
    return {
        "fingerprint": group.fingerprint,
        "handler": handler,
        "total": group.total,
        **counts,
        "stopped": group.stopped,
    }
