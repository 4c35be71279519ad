"""What the shell offers for an option's value. Nothing here asks a server: completing has to be quick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from typer._click import Context

Offer = tuple[str, str]
SPANS: Final = (("15m", "a quarter of an hour"), ("1h", "an hour"), ("24h", "a day"), ("7d", "a week"))


def topics(_ctx: Context, _words: list[str], _begun: str) -> list[Offer]:
    """Zid's topics, and those that are derived from them."""
    from core.domain.topics import DERIVED_SOURCES, ZID_TOPICS  # noqa: PLC0415 (only while completing)

    zid = [(name, f"Zid's, about a {topic.kind.value}") for name, topic in ZID_TOPICS.items()]
    return [*zid, *((name, f"derived from {', '.join(sources)}") for name, sources in DERIVED_SOURCES.items())]


def handlers(_ctx: Context, _words: list[str], _begun: str) -> list[Offer]:
    """The app's handlers, as WASL_HANDLERS names their modules; none where they cannot be loaded."""
    return sorted(set(_loaded_handlers()))


def _loaded_handlers() -> Iterator[Offer]:
    from config.handlers import load_handlers  # noqa: PLC0415
    from core.errors import WaslError  # noqa: PLC0415
    from entrypoints.cli.environment import DEFAULT_DATA_DIR, settings_for  # noqa: PLC0415

    try:
        found = load_handlers(settings_for(DEFAULT_DATA_DIR).wasl_handlers).all
    except WaslError:
        return
    for handler in found:
        yield handler.name, f"gets {handler.topic}"


def spans(_ctx: Context, _words: list[str], _begun: str) -> list[Offer]:
    """Lengths of time that are often asked for."""
    return list(SPANS)


def audit_actions(_ctx: Context, _words: list[str], _begun: str) -> list[str]:
    """Actions that are often looked for in the audit."""
    return [
        *("install.installed", "install.revoked", "install.uninstalled", "token.refreshed", "events.redriven"),
        *("events.discarded", "event.replayed", "customer.exported", "store.erased", "api_key.created"),
    ]
