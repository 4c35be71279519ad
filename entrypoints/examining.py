"""The doctor's hands: checks that are bounded in time, made of an opened process."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Final, TypeVar

from config.container import Adapters
from config.parts.examination import setup_of
from config.settings import Settings
from core.errors import WaslError
from core.features.event_handlers import Handlers
from core.features.event_handlers.outcomes import Overran
from core.features.examine import Examine
from core.ports.examination import NotSeen
from entrypoints.failures import one_line
from entrypoints.limits import within

T = TypeVar("T")
PRIVATE_FILES: Final = (".env", ".wasl/wasl.env")
"""Files with secrets, from where the process runs."""


def examination(
    adapters: Adapters, settings: Settings, handlers: Handlers, private_files: Sequence[str] = PRIVATE_FILES
) -> Examine:
    """Everything that is looked at, over open adapters."""
    return Examine(setup_of(settings, handlers, private_files=private_files), adapters.surroundings(), attempt)


async def attempt(seconds: float, work: Awaitable[T]) -> T | NotSeen:
    """What the work returns, or why there is nothing to see."""
    try:
        outcome = await within(seconds, work)
    except WaslError as error:
        return NotSeen(one_line(str(error)))
    except Exception as error:  # noqa: BLE001 - an edge: a check that fails in any way never hides the others
        return NotSeen(one_line(f"{type(error).__name__}: {error}"))
    return NotSeen(f"no answer within {seconds:g} s") if isinstance(outcome, Overran) else outcome
