"""Rings, processes and quarantined stores as rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.domain.rings import Holder, RingName
from core.features.key_status import KeyReport, Member
from core.features.rotate_keys import Run
from core.ports.sealed_vault import Rotation, SetAside
from entrypoints.cli.output import Row

KEY_COLUMNS = ("ring", "id", "place", "uses", "not_known_to", "may_be_dropped", "why")
QUARANTINE_COLUMNS = ("store_id", "part", "key_id", "problem", "found_at")
PROCESS_COLUMNS = ("worker", "process", *(name.value for name in RingName))


def key_rows(report: KeyReport) -> Sequence[Row]:
    return [_key(member) for member in report.members]


def quarantine_rows(found: Iterable[SetAside]) -> Sequence[Row]:
    return [_quarantined(one) for one in found]


def process_rows(holders: Iterable[Holder]) -> Sequence[Row]:
    return [
        {
            "worker": holder.worker,
            "process": holder.kind,
            **{name.value: list(holder.rings.get(name, ())) for name in RingName},
        }
        for holder in holders
    ]


def report_of(report: KeyReport) -> Row:
    """Everything, for `--json`."""
    return {
        "sound": report.sound,
        "keys": key_rows(report),
        "quarantined": quarantine_rows(report.quarantined),
        "processes": process_rows(report.processes),
        "rotations": {kind.value: rotation_row(*found) for kind, found in report.rotations.items()},
    }


def rotation_row(rotation: Rotation, finished_at: datetime | None) -> Row:
    return {
        "key_id": rotation.key_id,
        "begun_at": rotation.begun_at,
        "finished_at": finished_at,
        "done": rotation.done,
    }


def outcome_row(run: Run, *, seconds: float, left: int, quarantined: int) -> Row:
    """What a run did, and what is left to do."""
    return {
        "kind": run.rotation.kind.value,
        "key_id": run.rotation.key_id,
        "rotation_id": run.rotation.rotation_id,
        "moved": run.moved,
        "per_second": round(run.moved / seconds) if seconds else None,
        "set_aside": run.set_aside,
        "quarantined": quarantined,
        "left": left,
        "complete": run.complete,
    }


def _key(member: Member) -> Row:
    return {
        "ring": member.ring.value,
        "id": member.member,
        "place": member.place,
        "uses": {name: count for name, count in member.uses.items() if count},
        "quarantined": member.waiting,
        "not_known_to": [f"{holder.kind} (worker {holder.worker})" for holder in member.strangers],
        "may_be_dropped": member.may_go,
        "why": member.why,
    }


def _quarantined(one: SetAside) -> Row:
    return {
        "store_id": one.store_id,
        "install_id": str(one.install_id),
        "part": one.part.value,
        "key_id": one.key_id,
        "problem": one.problem,
        "found_at": one.found_at,
    }
