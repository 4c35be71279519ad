"""Looks at webhooks, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from adapters.memory.database import MemoryDatabase
from core.domain.event_states import Origin
from core.domain.stores import InstallState
from core.domain.webhook_states import WebhookCheck, WebhookState
from core.ids import InstallId, StoreId
from core.ports.webhook_checks import WebhookChecks

FIRST_AFTER = timedelta(minutes=1)


class MemoryWebhookChecks(WebhookChecks):
    """Dicts by install."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database
        self._due: dict[InstallId, datetime] = {}
        self._found: dict[InstallId, WebhookCheck] = {}

    async def claim_due(self, *, every: timedelta, hold: timedelta, limit: int) -> Sequence[StoreId]:
        now = self._database.now()
        found: list[StoreId] = []
        for install_id, install in self._database.installs.items():
            is_live = self._database.live_install(install_id) is not None
            due = self._due.setdefault(install_id, install.installed_at + min(FIRST_AFTER, every))
            if is_live and install.state is InstallState.ACTIVE and due <= now and len(found) < limit:
                self._due[install_id] = now + hold
                found.append(install.store_id)
        return found

    async def note(
        self,
        install_id: InstallId,
        *,
        states: Mapping[str, WebhookState],
        problems: Mapping[str, str],
        complete: bool,
        next_in: timedelta,
    ) -> None:
        install, now = self._database.live_install(install_id), self._database.now()
        if install is None:
            return
        before = self._found.get(install_id) or WebhookCheck(install.store_id, install_id, None, None, {}, {})
        complete_at = now if complete else before.complete_at
        self._due[install_id] = now + next_in
        self._found[install_id] = replace(
            before, checked_at=now, complete_at=complete_at, states=dict(states), problems=dict(problems)
        )

    async def of_install(self, install_id: InstallId) -> WebhookCheck | None:
        return self._found.get(install_id)

    async def of_installs(self, install_ids: Sequence[InstallId]) -> Mapping[InstallId, WebhookCheck]:
        return {install_id: self._found[install_id] for install_id in install_ids if install_id in self._found}

    async def totals(self) -> Mapping[WebhookState, int]:
        live = [check for install_id, check in self._found.items() if self._database.live_install(install_id)]
        every = [state for check in live for state in check.states.values()]
        return {state: every.count(state) for state in WebhookState}

    async def heard(self, install_id: InstallId) -> Mapping[str, datetime]:
        found: dict[str, datetime] = {}
        for event in self._database.events.values():
            if event.install_id == install_id and event.origin is Origin.ZID:
                found[event.topic] = max(event.received_at, found.get(event.topic, event.received_at))
        return found
