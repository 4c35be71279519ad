"""A store as its operator reads it: one row in a list, or everything that is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.domain.app_events import StoreSubscription
from core.domain.operations.webhooks import Subscription
from core.domain.stores import Install
from core.domain.webhook_states import WebhookState, state_of
from core.ids import StoreId
from core.ports.alerts import AlertFilter
from core.ports.store_directory import StoreFilter
from core.ports.token_status import TokenStatus
from entrypoints.cli.embedding import embedded_words
from entrypoints.cli.foretelling import NEVER_INSTALLED
from entrypoints.cli.output import Row
from entrypoints.cli.refresh_facts import alert_words
from entrypoints.cli.token_words import validation_words
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters

PAGE = 500


async def found_rows(adapters: Adapters, wanted: StoreFilter, limit: int) -> list[Row]:
    installs: list[Install] = []
    while len(installs) < limit:
        after = installs[-1].store_id if installs else None
        page = await adapters.store_directory().find(wanted, after=after, limit=min(PAGE, limit - len(installs)))
        if not page:
            break
        installs += page
    statuses = await adapters.token_statuses().of([install.install_id for install in installs])
    return [store_row(install, statuses.get(install.install_id)) for install in installs]


async def store_detail(adapters: Adapters, store_id: StoreId) -> Row:
    install = await adapters.installations().current(store_id)
    if install is None:
        raise CommandFailed(NEVER_INSTALLED.format(store_id=store_id))
    statuses = await adapters.token_statuses().of([install.install_id])
    found = await adapters.installations().subscriptions(install.install_id)
    checked = await adapters.webhook_checks().of_install(install.install_id)
    counts = await adapters.reader().mirror_counts(store_id)
    backfills = await adapters.backfills().of_stores([store_id])
    paid = await adapters.store_subscriptions().of_stores([store_id])
    alerts = await adapters.alerts().page(AlertFilter(store_id=store_id, is_open=True))
    status = statuses.get(install.install_id)
    validation = await adapters.check_tokens().validate(install)
    claims = validation.local.claims if validation.local else None
    return {
        **store_row(install, status),
        "refresh_failures": status.failures if status else None,
        "refresh_in_doubt_since": status.in_doubt_since if status else None,
        "alerts": [alert_words(one) for one in alerts],
        "embedded": await embedded_words(adapters, install.install_id),
        "last_refresh_at": status.renewed_at if status else None,
        "scopes": list(claims.scopes) if claims and claims.scopes is not None else None,
        "tokens": validation_words(validation),
        "app_subscription": _paid(paid[0]) if paid else None,
        "webhooks": [f"{one.event}{_health(one)}" for one in found],
        "webhook_problems": dict(checked.problems) if checked and checked.problems else None,
        "webhooks_checked_at": checked.checked_at if checked else None,
        "mirror": {kind.value: count for kind, count in counts.items()},
        "backfill": {status.kind.value: status.state.value for status in backfills},
    }


def _health(one: Subscription) -> str:
    """Nothing where it is well."""
    state = state_of(one)
    return "" if state is WebhookState.HEALTHY else f" ({state})"


def _paid(found: StoreSubscription) -> str:
    """`active, plan 904 until 2025-03-22`; what only an event claims is marked."""
    plan = found.plan
    named = str(plan.plan_name) or plan.plan_id
    parts = [
        plan.status or "status unknown",
        f"plan {named}" if named else "",
        f"until {plan.ends_at:%Y-%m-%d}" if plan.ends_at else "",
        "" if found.verified else "as an event claims, not verified",
    ]
    return ", ".join(part for part in parts if part)


def store_row(install: Install, status: TokenStatus | None) -> Row:
    """A store with its current install. The install id is text: it exceeds what JSON readers take for a number."""
    return {
        "store_id": install.store_id,
        "title": install.identity.title,
        "url": install.identity.url,
        "currency": install.identity.currency,
        "state": install.state.value,
        "epoch": install.epoch,
        "install_id": str(install.install_id),
        "installed_at": install.installed_at,
        "ended_at": install.ended_at,
        "paused_at": install.paused_at,
        "expires_at": status.expires_at if status else None,
        "refresh_due_at": status.refresh_due_at if status else None,
        "generation": status.generation if status else None,
    }
