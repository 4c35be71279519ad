"""An app that falls with secrets in its hands: in local variables, and in the state of the process."""

import os

from core.features.event_handlers import Context, Event, RetryPolicy, on

SECRETS = ("TOKEN_KEYS", "WEBHOOK_SECRET", "APP_EVENTS_SECRET", "SESSION_KEY", "ADMIN_API_KEY", "ZID_CLIENT_SECRET")


@on("category.create", retry=RetryPolicy(max_attempts=1))
async def falls(event: Event, ctx: Context) -> None:
    in_hand = [os.environ.get(name, "") for name in SECRETS]
    headers = {"Authorization": f"Bearer {in_hand[0]}"}
    raise RuntimeError(f"fell over {event.entity_id} with {len(in_hand)} secrets and {len(headers)} header in hand")
