"""What Zid sends: an order, the address of a store's webhook, and the credentials that belong to it."""

from aiohttp import encode_basic_auth

from core.domain.stores import Install
from core.domain.webhook_address import USERNAME, Addressee, install_token, password
from core.ids import InstallId
from tests.integration.routes.services import WEBHOOK_SECRET
from tests.integration.routes.world import STORE


def address(install: Install, topic: str = "order.create") -> str:
    return f"/webhooks/zid/{install_token(WEBHOOK_SECRET, _addressee(install))}/{topic}"


def credentials(install: Install) -> dict[str, str]:
    return basic(USERNAME, password(WEBHOOK_SECRET, _addressee(install)).reveal())


def basic(username: str, word: str) -> dict[str, str]:
    return {"Authorization": encode_basic_auth(username, word)}


def _addressee(install: Install) -> Addressee:
    return Addressee(install.store_id, InstallId(install.install_id))


def order(number: int = 1, status: str = "new", at: str = "2026-01-01 10:00:00") -> dict[str, object]:
    return {
        "id": number,
        "code": f"code{number}",
        "store_id": STORE,
        "order_status": {"code": status, "name": status},
        "updated_at": at,
        "created_at": "2026-01-01 10:00:00",
    }
