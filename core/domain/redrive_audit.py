"""What is written down about jobs over dead letters: who asked, what was chosen, and where every letter ended."""

from __future__ import annotations

from dataclasses import replace

from core.domain.audit import AuditEntry
from core.domain.redrive import Group, ItemState, Job, JobId


def opened(audit: AuditEntry, job_id: JobId, letters: int) -> AuditEntry:
    """The caller's entry with what came of it."""
    return replace(audit, details={**audit.details, "job_id": job_id, "letters": letters})


def stopped(job_id: JobId, group: Group) -> AuditEntry:
    """A group that the job gave up on."""
    return AuditEntry("redrive.group_stopped", details={"job_id": job_id, "because": group.stopped, **_counts(group)})


def ended(job: Job) -> AuditEntry:
    """A job that is over, with where its letters are."""
    counts = {state.value: job.count(state) for state in ItemState if job.count(state)}
    details = {"job_id": job.job_id, "state": job.state.value, "letters": job.total, **counts}
    return AuditEntry(f"{job.action.value}.ended", details=details)


def _counts(group: Group) -> dict[str, str | int | bool | None]:
    return {
        "fingerprint": group.fingerprint,
        "tried": group.tried,
        "succeeded": group.succeeded,
        "failed": group.failed,
        "left_dead": group.undone,
    }
