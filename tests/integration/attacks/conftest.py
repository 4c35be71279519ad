"""What every attack starts from."""

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def logs_as_they_come() -> Iterator[None]:
    """Commands that run in this process quieten the log, and what is not in it is looked for there."""
    before = structlog.get_config()
    structlog.reset_defaults()
    yield
    structlog.configure(**before)
