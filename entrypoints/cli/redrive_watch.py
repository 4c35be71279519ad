"""Following a job: the work itself is done by schedulers and consumers."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Final, TextIO

from core.domain.redrive import ItemState, Job, JobState
from core.ports.redrives import Redrives
from entrypoints.cli.progress import Progress

LOOK_EVERY: Final = 0.3
PATIENCE: Final = 15.0
"""Seconds in which a scheduler that is running would have begun."""


async def follow(redrives: Redrives, job: Job, *, stream: TextIO = sys.stderr, patience: float = PATIENCE) -> Job:
    """Shows how far the job is until it is over; how it stands then."""
    hint_at = time.monotonic() + patience
    with Progress(f"{job.action} {job.job_id}", job.total, stream) as progress:
        while job.state is JobState.OPEN:
            progress.show(job.total - job.pending - job.count(ItemState.IN_FLIGHT))
            if time.monotonic() >= hint_at and job.pending == job.total:
                progress.say("nobody works on it yet: is `wasl scheduler` running? What was asked for is kept")
                hint_at = float("inf")
            await asyncio.sleep(LOOK_EVERY)
            job = await redrives.job(job.job_id) or job
    return job
