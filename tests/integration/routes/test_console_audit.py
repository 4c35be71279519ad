"""The console's audit: filters, pages, one entry, seals, and the download."""

import json
import re
from datetime import timedelta

from aiohttp.test_utils import TestClient

from adapters.memory.audit_trail import MemoryAuditSeals
from core.domain.alerts import APP, Alert, AlertKind
from core.domain.audit import AuditEntry
from core.domain.audit_chain import sealing_keys
from core.domain.secret import Secret
from core.features.seal_audit import SealAudit
from core.ids import StoreId
from tests.integration.routes.test_console import sign_in
from tests.integration.routes.world import World


async def page(client: TestClient, path: str = "/console/audit", status: int = 200, lang: str = "en") -> str:
    answer = await client.get(path, params={"lang": lang} if "?" not in path else None)
    assert answer.status == status, await answer.text()
    return await answer.text()


async def write(world: World, count: int) -> None:
    for number in range(count):
        await world.trail.note(AuditEntry(f"done.{number % 2}", StoreId(number % 3 + 1), actor=f"key:{number}"))


async def test_nobody_looks_without_signing_in(client: TestClient) -> None:
    for path in ("/console/audit", "/console/audit/1", "/console/audit/download"):
        answer = await client.get(path, allow_redirects=False)
        assert answer.status == 303
        assert answer.headers["Location"] == "/console/login"


async def test_filters_and_pages(world: World, client: TestClient) -> None:
    await sign_in(client)
    await write(world, 60)
    text = await page(client)
    assert ">key:59<" in text
    assert ">key:1<" not in text
    after = re.search(r'rel="next" href="([^"]+)"', text)
    assert after
    assert ">key:1<" in await page(client, after[1].replace("&amp;", "&"))
    text = await page(client, "/console/audit?actor=key:7&lang=en")
    assert re.findall(r">key:(\d+)<", text) == ["7"]
    found = await page(client, "/console/audit?action=done.1&store_id=2&lang=en")
    assert set(re.findall(r">key:(\d+)<", found)) == {str(n) for n in range(60) if n % 2 and n % 3 == 1}
    late = (world.clock.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert "No entry matches." in await page(client, f"/console/audit?since={late}&lang=en")
    assert ">key:59<" in await page(client, f"/console/audit?until={late}&lang=en")


async def test_what_cannot_be_meant_is_said_at_its_field(client: TestClient) -> None:
    await sign_in(client)
    wrong = "/console/audit?store_id=x&since=yesterday&lang=en"
    text = await page(client, wrong, 422)
    assert 'id="e-store_id"' in text
    assert 'id="e-since"' in text
    assert 'value="yesterday"' in text
    answer = await client.get("/console/audit/download?store_id=x", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/console/audit?store_id=x")
    assert 'id="e-until"' in await page(client, "/console/audit?since=2026-02-01T00:00&until=2026-01-01T00:00", 422)
    await page(client, "/console/audit?cursor=nonsense", 400)


async def test_one_entry_with_everything_escaped(world: World, client: TestClient) -> None:
    await sign_in(client)
    entry = AuditEntry("token.refreshed", StoreId(7), actor="<b>who</b>", details={"generation": 2, "reason": None})
    await world.trail.note(entry)
    number = (await world.audit.page(limit=1))[0].audit_id
    text = await page(client, f"/console/audit/{number}")
    assert "&lt;b&gt;who&lt;/b&gt;" in text
    assert "<b>who</b>" not in text
    assert "/console/stores/7" in text
    assert "Not sealed yet" in text
    await page(client, f"/console/audit/{number + 1}", 404)
    await page(client, "/console/audit/first", 400)


async def test_how_far_the_seals_reach(world: World, client: TestClient) -> None:
    await sign_in(client)
    assert "Nothing is sealed" in await page(client)
    await write(world, 3)
    newest = (await world.audit.page(limit=1))[0].audit_id
    keys = sealing_keys((Secret("k" * 43 + "="),))
    sealing = SealAudit(MemoryAuditSeals(world.database), keys, world.metrics, world.clock)
    world.clock.advance(60)
    await sealing.tick()
    text = await page(client)
    assert "Sealed up to entry" in text
    assert f"#{newest}" in text
    assert "Altered" not in text
    assert ">Sealed<" in await page(client, f"/console/audit/{newest}")
    await world.alerts.raise_once(Alert(AlertKind.AUDIT_ALTERED, APP))
    assert "Altered" in await page(client)


async def test_a_download_holds_what_the_filter_finds(world: World, client: TestClient) -> None:
    await sign_in(client)
    await write(world, 8)
    answer = await client.get("/console/audit/download?action=done.1")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="audit-')
    lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    assert [line["actor"] for line in lines] == ["key:7", "key:5", "key:3", "key:1"]
    assert all(line["action"] == "done.1" for line in lines)


async def test_it_is_arabic_for_who_reads_arabic(world: World, client: TestClient) -> None:
    await sign_in(client)
    await write(world, 1)
    text = await page(client, lang="ar")
    assert 'dir="rtl"' in text
    assert "سجل التدقيق" in text
