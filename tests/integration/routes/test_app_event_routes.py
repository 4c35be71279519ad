"""The App Market's events: hints that come without credentials to an address nobody can guess."""

import asyncio
from datetime import timedelta
from io import BytesIO
from urllib.parse import quote

import pytest
from aiohttp.test_utils import TestClient
from yarl import URL

from adapters.memory.zid_gateway import ScriptedProbe
from core.domain.app_events import AppEvent
from core.domain.documents import Document
from core.domain.stores import InstallState
from core.domain.tokens import Tokens
from core.errors import Unavailable
from core.ports.app_events import AppEventClaim
from entrypoints.http import app_events
from entrypoints.http.services import SERVICES
from tests.integration.routes.conftest import make_client
from tests.integration.routes.services import APP_SECRET
from tests.integration.routes.world import STORE, World

PATH = f"/webhooks/zid-app/{APP_SECRET}"
UNINSTALL = {"event_name": "app.market.application.uninstall", "app_id": 7367, "store_id": STORE}


async def state(world: World) -> InstallState:
    install = await world.installations.current(STORE)
    assert install is not None
    return install.state


async def test_an_uninstall_is_believed_when_the_tokens_are_refused(world: World, aiohttp_client: object) -> None:
    world.probe = ScriptedProbe(None)
    client = await make_client(aiohttp_client, world)
    await world.installed()

    answer = await client.post(PATH, json=UNINSTALL)

    assert answer.status == 200
    assert await state(world) is InstallState.UNINSTALLED
    counted = {"event": "app.market.application.uninstall", "outcome": "ended"}
    assert world.metrics.counted("app_events_received_total", **counted) == 1


async def test_an_uninstall_is_not_believed_while_the_tokens_work(world: World, client: TestClient) -> None:
    await world.installed()

    assert (await client.post(PATH, json=UNINSTALL)).status == 200
    assert await state(world) is InstallState.ACTIVE


async def test_when_zid_cannot_be_asked_the_event_waits_and_is_decided_later(
    world: World, aiohttp_client: object
) -> None:
    await world.installed()
    world.probe = ScriptedProbe(Unavailable("zid"), None)
    client = await make_client(aiohttp_client, world)

    assert (await client.post(PATH, json=UNINSTALL)).status == 200
    assert await state(world) is InstallState.ACTIVE

    world.clock.advance(16 * 60)
    await client.app[SERVICES].app_events.run_due(limit=10)
    assert await state(world) is InstallState.UNINSTALLED


async def test_what_cannot_be_written_down_is_asked_for_again(world: World, client: TestClient) -> None:
    async def away(event: AppEvent, *, hold: timedelta) -> AppEventClaim | None:
        raise Unavailable("postgres")

    client.app[SERVICES].app_events.book.note = away
    answer = await client.post(PATH, json=UNINSTALL)

    assert (answer.status, answer.headers["Retry-After"]) == (429, "60")


async def test_a_repeat_is_counted_and_asks_zid_nothing(world: World, client: TestClient) -> None:
    await world.installed()
    for request_id in ("a", "a", "b"):
        assert (await client.post(PATH, json=UNINSTALL, headers={"x-request-id": request_id})).status == 200

    assert world.metrics.counted("app_events_received_total", outcome="duplicate") == 1
    assert len(world.probe.script.asked) == 2


class SilentProbe(ScriptedProbe):
    """Never answers."""

    async def profile(self, tokens: Tokens) -> Document | None:
        await asyncio.Event().wait()
        return None


async def test_a_decision_that_takes_too_long_goes_on_without_the_caller(
    world: World, aiohttp_client: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_events, "DECIDE_SECONDS", 0.05)
    await world.installed()
    world.probe = SilentProbe()
    client = await make_client(aiohttp_client, world)

    assert (await client.post(PATH, json=UNINSTALL)).status == 200
    assert world.metrics.counted("app_events_received_total", outcome="pending") == 1


async def test_any_secret_of_the_ring_is_an_address(client: TestClient) -> None:
    for secret in (APP_SECRET, "retired-secret"):
        assert (await client.post(f"/webhooks/zid-app/{secret}", json={"event_name": "x"})).status == 200


@pytest.mark.parametrize("secret", ["wrong", APP_SECRET + "x", APP_SECRET[:-1], "é", "\0", "%ff", "x" * 5000])
async def test_any_other_address_is_404(world: World, client: TestClient, secret: str) -> None:
    await world.installed()

    answer = await client.post(URL(f"/webhooks/zid-app/{quote(secret, safe='')}", encoded=True), json=UNINSTALL)

    assert answer.status == 404
    assert await state(world) is InstallState.ACTIVE
    assert not world.probe.script.asked


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 50_000,
        b'{"event": "app.market.application.uninstall"}',
        b'{"event_name": {}}',
        b'{"event_name": "app.market.application.uninstall"}',
        b'{"event_name": "app.market.application.uninstall", "store_id": "1001x"}',
        '{"event_name": "app.market.application.uninstall", "store_id": "١٠٠١"}'.encode(),
        b'{"event_name": "app.market.application.uninstall", "store_id": 99999999999999999999}',
        b'{"event_name": "app.market.application.uninstall", "store_id": [1001]}',
        b'{"event_name": "app.market.application.uninstall", "store_id": true}',
    ],
)
async def test_what_says_nothing_usable_is_acknowledged_and_counted(
    world: World, client: TestClient, body: bytes
) -> None:
    await world.installed()

    assert (await client.post(PATH, data=body)).status == 200
    assert await state(world) is InstallState.ACTIVE
    assert world.metrics.counted("app_events_received_total") == 1


async def test_an_endless_body_is_acknowledged_without_being_read(client: TestClient) -> None:
    assert (await client.post(PATH, data=BytesIO(b"x" * 5_000_000))).status == 200


async def test_other_events_are_noted_under_bounded_names(world: World, client: TestClient) -> None:
    for name in ("app.market.subscription.renew", "app.market.made.up"):
        assert (await client.post(PATH, json={"event_name": name, "store_id": str(STORE)})).status == 200

    renewed = {"event": "app.market.subscription.renew", "outcome": "pending"}
    assert world.metrics.counted("app_events_received_total", **renewed) == 1, "the store is not installed yet"
    assert world.metrics.counted("app_events_received_total", event="other", outcome="noted") == 1


async def test_an_event_of_another_app_changes_nothing(aiohttp_client: object) -> None:
    world = World()
    world.app_id = "1"
    client = await make_client(aiohttp_client, world)
    await world.installed()

    assert (await client.post(PATH, json=UNINSTALL)).status == 200
    assert not world.probe.script.asked
    assert world.metrics.counted("app_events_received_total", outcome="other_app") == 1


async def test_an_event_by_an_older_member_of_the_ring_is_taken_and_told(
    client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    for secret, told in ((APP_SECRET, True), ("retired-secret", False)):
        assert (await client.post(f"/webhooks/zid-app/{secret}", json=UNINSTALL)).status == 200
        assert ("app_event_by_older_secret" in capsys.readouterr().out) is told


async def test_the_secret_is_not_logged(client: TestClient, capsys: pytest.CaptureFixture[str]) -> None:
    await client.post(PATH, json={**UNINSTALL, "merchant_email": "someone@example.com"})

    shown = capsys.readouterr().out
    assert "app_event_received" in shown
    assert APP_SECRET not in shown
    assert "someone@example.com" not in shown
