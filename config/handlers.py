"""Loading the app's own handlers."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from core.errors import SettingInvalid
from core.features.event_handlers import Handlers


def load_handlers(modules: Sequence[str]) -> Handlers:
    """The handlers of the named modules. Raises SettingInvalid when one cannot be imported or declares none."""
    loaded = []
    for name in modules:
        try:
            loaded.append(importlib.import_module(name))
        except ImportError as error:
            raise SettingInvalid("WASL_HANDLERS", f"cannot import {name!r}: {error}") from error
    handlers = Handlers.of(loaded)
    if modules and not handlers.all:
        raise SettingInvalid("WASL_HANDLERS", f"no function marked with @on in {', '.join(modules)}")
    return handlers
