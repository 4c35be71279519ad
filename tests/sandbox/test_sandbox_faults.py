"""Bad days on demand: each kind of fault does what it says, as often as it says."""

from __future__ import annotations

import aiohttp
import pytest

PROFILE = "/v1/managers/account/profile"


async def test_a_status_comes_as_often_as_asked_and_reaches_no_handler(zid):
    tokens = await zid.installed()
    fault = {"route": f"GET {PROFILE}", "kind": "status", "status": 503, "times": 2, "retry_after": "9"}
    await zid.control("POST", "/faults", fault)

    answers = [await zid.get(tokens, PROFILE) for _ in range(3)]

    assert [status for status, _ in answers] == [503, 503, 200]
    assert "<h1>503" in answers[0][1]
    (row,) = (await zid.control("GET", "/faults"))["faults"]
    assert (row["left"], row["hits"]) == (0, 2)


async def test_a_server_error_may_be_json(zid):
    await zid.knobs(errors__5xx="json")
    await zid.control("POST", "/faults", {"route": "POST /oauth/token", "kind": "status"})

    status, body = await zid.token(grant_type="refresh_token", refresh_token="x")

    assert (status, body["message"]) == (500, {"description": "Internal Server Error"})


async def test_a_status_may_carry_any_body(zid):
    await zid.control(
        "POST", "/faults", {"route": "/v1/*", "kind": "status", "status": 429, "body": '{"message": "x"}'}
    )

    assert await zid.call("GET", PROFILE) == (429, {"message": "x"})


async def test_a_cut_loses_the_request_and_a_later_cut_loses_the_answer(zid):
    tokens = await zid.installed()
    await zid.control("POST", "/faults", {"route": "POST /oauth/token", "kind": "cut"})
    with pytest.raises(aiohttp.ClientError):
        await zid.refresh(tokens)
    unspent = await zid.stats()
    await zid.control("POST", "/faults", {"route": "POST /oauth/token", "kind": "cut_after_commit"})
    with pytest.raises(aiohttp.ClientError):
        await zid.refresh(tokens)
    spent = await zid.stats()
    status, _ = await zid.refresh(tokens)

    assert unspent["oauth"]["refresh_token"] == {}
    assert spent["oauth"]["refresh_token"] == {"ok": 1}
    assert status == 401


async def test_garbage_and_truncation_spoil_the_answer_of_a_call_that_worked(zid):
    tokens = await zid.installed()
    await zid.control("POST", "/faults", {"route": "POST /oauth/token", "kind": "garbage"})
    with pytest.raises(ValueError):
        await zid.refresh(tokens)
    assert (await zid.stats())["oauth"]["refresh_token"] == {"ok": 1}

    tokens = await zid.installed()
    await zid.control("POST", "/faults", {"route": f"GET {PROFILE}", "kind": "truncate"})
    with pytest.raises(aiohttp.ClientPayloadError):
        await zid.get(tokens, PROFILE)


async def test_latency_delays_before_or_after_the_handler(zid):
    tokens = await zid.installed()
    impatient = aiohttp.ClientTimeout(total=0.2)
    for when, outcome in (("before", {}), ("after", {"ok": 1})):
        await zid.control("POST", "/faults", {"route": "/oauth/token", "kind": "latency", "seconds": 30, "when": when})
        with pytest.raises(TimeoutError):
            await zid.call("POST", "/oauth/token", data=zid.refresh_form(tokens), timeout=impatient)
        assert (await zid.stats())["oauth"]["refresh_token"] == outcome


async def test_a_fault_may_be_for_one_store_only(zid):
    here, there = await zid.installed(), await zid.installed()
    fault = {"route": "/v1/*", "kind": "status", "store_id": here.store_id, "probability": 1}
    await zid.control("POST", "/faults", fault)

    assert [(await zid.get(tokens, PROFILE))[0] for tokens in (here, there, here)] == [500, 200, 500]


async def test_faults_are_removed_by_id_or_all(zid):
    first = await zid.control("POST", "/faults", {"route": "/v1/*", "kind": "cut"})
    await zid.control("POST", "/faults", {"route": "/v1/*", "kind": "cut"})

    assert await zid.control("DELETE", "/faults", {"id": first["id"]}) == {"removed": 1}
    assert await zid.control("DELETE", "/faults") == {"removed": 1}
    assert (await zid.call("GET", PROFILE))[0] == 401


async def test_faults_never_touch_the_control_api(zid):
    await zid.control("POST", "/faults", {"route": "*", "kind": "status", "probability": 1})

    assert (await zid.call("GET", "/__sandbox/stats"))[0] == 200


@pytest.mark.parametrize(
    ("described", "field"),
    [
        ({"kind": "explode"}, "kind"),
        ({"kind": "cut", "route": ""}, "route"),
        ({"kind": "cut", "times": 0}, "times"),
        ({"kind": "cut", "probability": 2}, "probability"),
        ({"kind": "latency", "seconds": "long"}, "seconds"),
        ({"kind": "latency", "when": "never"}, "when"),
        ({"kind": "cut", "colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_fault_is_refused_with_its_field(zid, described, field):
    status, body = await zid.call("POST", "/__sandbox/faults", json=described)

    assert status == 400
    assert body["field"] == field
    assert body["error"]
