"""The HTTP application of an embedded app."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from aiohttp.test_utils import TestClient

from adapters.memory.embedded import MemoryEmbeddedSessions, MemoryEmbeddedTokens
from core.domain.embedded import Dashboard
from core.domain.operations.account import RegisterEmbeddedToken
from core.features.embedded_sessions import EmbeddedVisits
from core.features.register_embedded import RegisterEmbedded
from core.ids import StoreId
from entrypoints.http.services import HttpServices
from tests.integration.routes.world import STORE, World

FRAMES = ("https://dashboard.example", "https://web.example")
DASHBOARD = Dashboard(FRAMES[0], "ar-sa", "7367")
IDLE, LONGEST = timedelta(minutes=30), timedelta(hours=8)


class EmbeddedWorld(World):
    """With ZID_EMBEDDED=true."""

    def __init__(self) -> None:
        super().__init__()
        self.gateway.on(RegisterEmbeddedToken, None)
        self.embedded_tokens = MemoryEmbeddedTokens(self.database)
        self.visits = EmbeddedVisits(
            tokens=self.embedded_tokens,
            sessions=MemoryEmbeddedSessions(self.clock),
            installations=self.installations,
            metrics=self.metrics,
            clock=self.clock,
            ids=self.ids,
            idle=IDLE,
            longest=LONGEST,
        )
        self.register = RegisterEmbedded(
            gateway=self.gateway,
            tokens=self.embedded_tokens,
            installations=self.installations,
            chance=self.chance,
            ids=self.ids,
            every=timedelta(days=30),
            dashboard=DASHBOARD,
        )

    def services(self) -> HttpServices:
        found = super().services()
        return replace(
            found,
            settings=replace(found.settings, frames=FRAMES),
            install=replace(found.install, embedded=self.register),
            uninstall=replace(found.uninstall, embedded=self.register),
            embedded=self.visits,
        )

    async def token_of(self, store_id: StoreId = STORE, title: str = "متجر الورد") -> str:
        """The UUID that Zid's dashboard opens the app with, of a new install."""
        await self.register.register(await self.installed(store_id, title))
        last = self.gateway.asked(RegisterEmbeddedToken)[-1]
        assert isinstance(last, RegisterEmbeddedToken)
        return last.token.reveal()


async def bearer_of(client: TestClient[Any, Any], token: str) -> str:
    """What the page keeps in its memory."""
    page = await (await client.get("/embedded", params={"token": token, "language": "en"})).text()
    return page.partition('data-session="')[2].partition('"')[0]


def showing(bearer: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {bearer}"}
