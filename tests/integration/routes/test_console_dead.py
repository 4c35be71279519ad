"""Dead letters in the console."""

from aiohttp.test_utils import TestClient

from tests.integration.routes.test_console import console, sign_in
from tests.integration.routes.test_dead_letter_routes import LETTERS, give_up, post
from tests.integration.routes.world import World


async def shown(client: TestClient, language: str = "en") -> str:
    answer = await client.get("/console/dead", params={"lang": language})
    assert answer.status == 200
    return await answer.text()


async def test_the_page_asks_to_sign_in(client: TestClient) -> None:
    answer = await client.get("/console/dead")
    assert str(answer.url.path) == "/console/login"


async def test_causes_and_jobs_are_listed(client: TestClient, world: World) -> None:
    await sign_in(client)
    assert "No event is dead." in await shown(client)
    assert '<dd><a href="/console/dead">' not in await console(client)
    await give_up(client, world, 1, 2, reason="ValueError: <b>bold</b>")
    world.clock.advance(2)
    assert '<dd><a href="/console/dead">' in await console(client)
    text = await shown(client)
    assert "ValueError: &lt;b&gt;bold" in text
    assert "before any handler" in text
    assert "data-job" not in text
    await post(client, f"{LETTERS}/redrive", {"all": True, "canary": True}, 202)
    assert "redrive, open" in await shown(client)
    assert "الأحداث المتوقفة" in await shown(client, "ar")
