"""What the handlers of `apps.effects` left behind, and a `wasl up` that runs them."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.acceptance.story import Service
from tests.acceptance.wasl_up import running

HANDLERS = "tests.acceptance.apps.effects"


@contextmanager
def service_with_effects(**more: str) -> Iterator[Service]:
    """The table has no unique constraint on purpose: an effect done twice is two rows."""
    with running("--no-demo", WASL_HANDLERS=HANDLERS, **more) as up:
        service = Service(up)
        service.sql("CREATE TABLE effects (event_id uuid, handler text, attempt integer, pid integer)")
        yield service


def effects(service: Service, handler: str) -> list[tuple[str, int]]:
    """Event and attempt of every effect that was kept."""
    rows = service.sql("SELECT event_id::text, attempt FROM effects WHERE handler = %s ORDER BY 1, 2", handler)
    return [(event, attempt) for event, attempt in rows]
