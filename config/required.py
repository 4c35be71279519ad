"""Settings that some work cannot do without, asked for when that work is built."""

from __future__ import annotations

from config.settings import Settings
from core.domain.secret import Secret
from core.errors import SettingInvalid


def required(settings: Settings, name: str) -> str:
    """The value. Raises SettingInvalid, naming the setting."""
    value = getattr(settings, name)
    if not value:
        raise SettingInvalid(name.upper(), "is not set; the Partner Dashboard shows it")
    return str(value)


def required_secret(settings: Settings, name: str) -> Secret:
    """The secret, or the first of a ring. Raises SettingInvalid, naming the setting."""
    value: Secret | tuple[Secret, ...] | None = getattr(settings, name)
    if not value:
        raise SettingInvalid(name.upper(), "is not set; see .env.example")
    return value[0] if isinstance(value, tuple) else value
