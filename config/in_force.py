"""The configuration as it is in force, for people: every setting, with secrets told to be there and nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from config.settings import Settings
from core.domain.secret import Secret

HIDDEN: Final = "••••••••"
_HALF_HIDDEN: Final = frozenset({"alert_webhook_url", "otel_exporter_otlp_endpoint"})
"""Addresses whose path may be what protects them."""


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting by its name in the environment. `value` is None where it is empty; nothing of a secret is in it."""

    name: str
    value: str | None
    is_given: bool
    """By the environment; otherwise it is the default."""
    is_secret: bool = False


def in_force(settings: Settings) -> Sequence[ShownSetting]:
    """All of them, in the order in which they are written down."""
    return [_shown(settings, name) for name in type(settings).model_fields]


def _shown(settings: Settings, name: str) -> ShownSetting:
    value = getattr(settings, name)
    members = value if isinstance(value, tuple) else (value,)
    is_secret = any(isinstance(one, Secret) for one in members)
    text = _place(str(value)) if value and name in _HALF_HIDDEN else _text(value)
    return ShownSetting(name.upper(), text, name in settings.model_fields_set, is_secret)


def _text(value: object) -> str | None:
    match value:
        case None | "" | ():
            return None
        case Secret():
            return _place(value.reveal()) if "://" in value.reveal() else HIDDEN
        case tuple():
            return ", ".join(str(_text(one)) for one in value)
        case bool() | float():
            return f"{value:g}" if isinstance(value, float) else str(value).lower()
        case _:
            return str(value)


def _place(address: str) -> str:
    """Where it leads, without user, password, path and parameters."""
    parts = urlsplit(address)
    credentials, _, hosts = parts.netloc.rpartition("@")
    return f"{parts.scheme}://{f'{HIDDEN}@' if credentials else ''}{hosts}/…"
