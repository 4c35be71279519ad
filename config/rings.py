"""The rings of this process's settings, by the ids of their members."""

from __future__ import annotations

from adapters.sealing.ring_keys import key_id
from config.settings import Settings
from core.domain.rings import RingName, Rings, secret_id


def rings_of(settings: Settings) -> Rings:
    return {
        RingName.TOKENS: tuple(map(key_id, settings.token_keys)),
        RingName.WEBHOOKS: tuple(map(secret_id, settings.webhook_secret)),
        RingName.SESSIONS: tuple(map(secret_id, settings.session_key)),
        RingName.APP_EVENTS: tuple(map(secret_id, settings.app_events_secret)),
    }
