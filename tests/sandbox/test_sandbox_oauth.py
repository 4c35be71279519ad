"""OAuth as documented and as seen live: codes, tokens, refresh, refusals."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

FIXTURES = Path(__file__).parent.parent / "fixtures" / "zid" / "auth"
PROFILE = "/v1/managers/account/profile"


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def jwt_part(token: str, part: int) -> dict:
    text = token.split(".")[part]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


async def test_activate_sends_the_browser_to_the_redirection_url_without_parameters(zid):
    store_id = await zid.store()

    target = await zid.redirect("GET", f"/__sandbox/stores/{store_id}/activate")

    assert target == zid.app.redirection_url


async def test_activate_may_land_on_the_callback_with_nothing(zid):
    store_id = await zid.store()
    await zid.knobs(oauth__landing="callback")

    assert await zid.redirect("GET", f"/__sandbox/stores/{store_id}/activate") == zid.app.callback_url


async def test_authorize_echoes_the_state_and_names_no_store(zid):
    await zid.redirect("GET", f"/__sandbox/stores/{await zid.store()}/activate")

    target = await zid.redirect("GET", "/oauth/authorize", params=zid.authorize_query(state="a b&c"))

    assert target.startswith(zid.app.callback_url)
    assert query_of(target).keys() == {"code", "state"}
    assert query_of(target)["state"] == "a b&c"


async def test_authorize_without_redirect_uri_uses_the_registered_one(zid):
    await zid.redirect("GET", f"/__sandbox/stores/{await zid.store()}/activate")
    query = zid.authorize_query()
    del query["redirect_uri"]

    assert (await zid.redirect("GET", "/oauth/authorize", params=query)).startswith(zid.app.callback_url)
    await zid.knobs(oauth__redirect_uri="required")
    status, _ = await zid.call("GET", "/oauth/authorize", params=query)
    assert status == 400


@pytest.mark.parametrize(
    ("wrong", "error"),
    [({"client_id": "999"}, None), ({"redirect_uri": "http://evil.example/cb"}, "redirect_uri_mismatch")],
)
async def test_a_bad_authorize_request_gets_an_error_page_or_a_redirect(zid, wrong, error):
    await zid.redirect("GET", f"/__sandbox/stores/{await zid.store()}/activate")
    query = zid.authorize_query(**wrong)

    status, page = await zid.call("GET", "/oauth/authorize", params=query)

    assert status == 400
    assert "Authorization error" in page
    await zid.knobs(oauth__authorize_error="redirect")
    if error:
        target = await zid.redirect("GET", "/oauth/authorize", params=query)
        assert target.startswith(zid.app.callback_url)
        assert query_of(target)["error"] == error


async def test_a_store_without_subscription_ends_at_the_dashboard_with_ec3(zid):
    store_id = await zid.store()
    await zid.call("POST", "/login", data={"store_id": str(store_id), "next": "/"})

    target = await zid.redirect("GET", "/oauth/authorize", params=zid.authorize_query())

    await zid.knobs(oauth__ec_code="EC7")
    other = await zid.redirect("GET", "/oauth/authorize", params=zid.authorize_query())

    assert query_of(target) == {"error_code": "EC3"}
    assert query_of(other) == {"error_code": "EC7"}
    status, page = await zid.call("GET", target)
    assert status == 200
    assert "EC3" in page
    assert zid.receiver.received == []


async def test_login_and_consent_pages_lead_to_the_callback(zid):
    store_id = await zid.store()
    await zid.redirect("GET", f"/__sandbox/stores/{store_id}/activate")
    zid.session.cookie_jar.clear()
    await zid.knobs(oauth__consent="page")
    status, page = await zid.call("GET", "/oauth/authorize", params=zid.authorize_query(state="s"))
    assert status == 200
    assert "Log in as a merchant" in page

    back = await zid.redirect(
        "POST", "/login", data={"store_id": str(store_id), "next": "/oauth/authorize?client_id=48&state=s"}
    )
    status, page = await zid.call("GET", back)
    assert "third_order_write" in page
    allowed = await zid.redirect("POST", "/oauth/consent?client_id=48&state=s", data={"decision": "allow"})
    denied = await zid.redirect("POST", "/oauth/consent?client_id=48&state=s", data={"decision": "deny"})

    assert query_of(allowed).keys() == {"code", "state"}
    assert query_of(denied)["error"] == "access_denied"


async def test_login_never_redirects_to_another_host(zid):
    store_id = await zid.store()

    target = await zid.redirect("POST", "/login", data={"store_id": str(store_id), "next": "//evil.example/"})

    assert target == "/"


async def test_a_refusal_may_carry_the_error_alone(zid):
    await zid.redirect("GET", f"/__sandbox/stores/{await zid.store()}/activate")
    await zid.knobs(oauth__consent="deny", oauth__deny_params="error_only")

    target = await zid.redirect("GET", "/oauth/authorize", params=zid.authorize_query(state="s"))

    assert query_of(target) == {"error": "access_denied"}


async def test_the_token_answer_is_printed_as_recorded(zid):
    recorded = json.loads((FIXTURES / "token.success.json").read_text())

    tokens = (await zid.installed()).document

    assert list(tokens) == list(recorded)
    assert tokens["token_type"] == "Bearer"
    assert tokens["expires_in"] == 31_536_000
    assert tokens["refresh_token"].startswith("def502")
    assert len(tokens["refresh_token"]) > 1_300
    assert json.loads(base64.b64decode(tokens["access_token"])).keys() == {"iv", "value", "mac", "tag"}
    assert len(tokens["authorization"]) > 1_000


async def test_the_authorization_is_an_rs256_jwt_with_passport_claims(zid):
    token = (await zid.installed()).document["authorization"]

    claims = jwt_part(token, 1)

    assert jwt_part(token, 0) == {"typ": "JWT", "alg": "RS256"}
    assert list(claims) == ["aud", "jti", "iat", "nbf", "exp", "sub", "scopes"]
    assert claims["aud"] == zid.app.client_id
    assert isinstance(claims["sub"], str)
    assert all(isinstance(claims[name], float) for name in ("iat", "nbf", "exp"))
    assert "third_order_write" in claims["scopes"]


async def test_the_embedded_scope_must_be_asked_for(zid):
    plain = await zid.installed()
    embedded = await zid.install(plain.store_id, scope="embedded_apps_tokens_write")
    body = {"token": "5b9c1c1e-0000-4000-8000-000000000000"}

    refused, _ = await zid.call("POST", "/v1/managers/embedded-apps-token", json=body, headers=plain.headers)
    taken, _ = await zid.call("POST", "/v1/managers/embedded-apps-token", json=body, headers=embedded.headers)

    assert (refused, taken) == (403, 200)


async def test_json_and_form_bodies_are_both_accepted_and_the_query_is_not(zid):
    code = await zid.code(await zid.store())
    form = {
        "grant_type": "authorization_code",
        "client_id": zid.app.client_id,
        "client_secret": zid.app.client_secret,
        "redirect_uri": zid.app.callback_url,
        "code": code,
    }

    in_query, _ = await zid.call("POST", "/oauth/token", params=form)
    as_json, _ = await zid.call("POST", "/oauth/token", json=form)

    assert (in_query, as_json) == (400, 200)


async def test_a_wrong_secret_is_answered_with_zids_own_envelope(zid):
    recorded = json.loads((FIXTURES / "token.error.bad-client.400.json").read_text())

    answer = await zid.token(grant_type="refresh_token", refresh_token="def502", client_secret="wrong")

    assert answer == (400, recorded)


async def test_a_code_works_once_and_expires(zid):
    store_id = await zid.store()
    used, late = await zid.code(store_id), await zid.code(store_id)
    first, _ = await zid.token(grant_type="authorization_code", code=used)
    second, refusal = await zid.token(grant_type="authorization_code", code=used)
    await zid.control("POST", "/clock", {"advance_seconds": 601})
    third, expired = await zid.token(grant_type="authorization_code", code=late)

    assert (first, second, third) == (200, 400, 400)
    assert refusal["hint"] == "Authorization code has been revoked"
    assert expired["hint"] == "Authorization code has expired"


async def test_a_refresh_gives_a_full_new_set_and_spends_the_old_one(zid):
    tokens = await zid.installed()

    status, new = await zid.refresh(tokens)
    again, refusal = await zid.refresh(tokens)

    assert status == 200
    assert all(new[name] != tokens.document[name] for name in ("access_token", "authorization", "refresh_token"))
    assert again == 401
    assert refusal["error_description"] == "The refresh token is invalid."
    assert (await zid.get(tokens, PROFILE))[0] == 401
    stats = (await zid.stats())["oauth"]
    assert stats["refresh_token"] == {"ok": 1, "reuse": 1, "spent": 1}
    assert (stats["exchanges"], stats["refresh_reuse"]) == (3, 1)


@pytest.mark.parametrize(
    ("reuse", "status", "key"),
    [("401", 401, "error"), ("400", 400, "error"), ("zid", 400, "status"), ("allow", 200, "access_token")],
)
async def test_reuse_of_a_spent_refresh_token_is_a_knob(zid, reuse, status, key):
    tokens = await zid.installed()
    await zid.refresh(tokens)
    await zid.knobs(refresh__reuse=reuse)

    answered, body = await zid.refresh(tokens)

    assert answered == status
    assert key in body


async def test_reuse_may_kill_the_whole_family(zid):
    tokens = await zid.installed()
    _, new = await zid.refresh(tokens)
    await zid.knobs(refresh__reuse="kill_family")
    await zid.refresh(tokens)
    tokens.document = new

    assert (await zid.get(tokens, PROFILE))[0] == 401
    assert (await zid.refresh(tokens))[0] == 401


async def test_refresh_may_keep_the_refresh_token_and_the_authorization(zid):
    tokens = await zid.installed()
    await zid.knobs(refresh__rotate="same", refresh__new_authorization="unchanged")

    _, new = await zid.refresh(tokens)
    again, _ = await zid.refresh(tokens)

    assert new["refresh_token"] == tokens.document["refresh_token"]
    assert new["authorization"] == tokens.document["authorization"]
    assert new["access_token"] != tokens.document["access_token"]
    assert again == 200
    assert (await zid.stats())["oauth"]["refresh_reuse"] == 0


async def test_refresh_may_leave_the_authorization_out_and_the_old_one_works(zid):
    tokens = await zid.installed()
    await zid.knobs(refresh__new_authorization="absent")

    _, new = await zid.refresh(tokens)
    tokens.document |= new

    assert "authorization" not in new
    assert (await zid.get(tokens, PROFILE))[0] == 200


async def test_the_old_access_may_outlive_a_refresh(zid):
    tokens = await zid.installed()
    await zid.knobs(refresh__revoke_access=False)
    await zid.refresh(tokens)

    assert (await zid.get(tokens, PROFILE))[0] == 200


async def test_tokens_and_refresh_tokens_expire_on_the_sandbox_clock(zid):
    await zid.knobs(oauth__expires_in=3600, refresh__ttl=7200)
    tokens = await zid.installed()
    await zid.control("POST", "/clock", {"advance_seconds": 3599})
    before, _ = await zid.get(tokens, PROFILE)
    await zid.control("POST", "/clock", {"advance_seconds": 2})
    after, _ = await zid.get(tokens, PROFILE)
    await zid.control("POST", "/clock", {"advance_seconds": 3600})
    refresh, _ = await zid.refresh(tokens)

    assert (before, after, refresh) == (200, 401, 401)


async def test_the_field_of_the_authorization_may_be_capitalised(zid):
    await zid.knobs(oauth__authorization_field="Authorization", oauth__expires_in=94_608_000)
    code = await zid.code(await zid.store())

    _, document = await zid.token(grant_type="authorization_code", code=code)

    assert "Authorization" in document
    assert document["expires_in"] == 94_608_000


async def test_uninstall_kills_the_tokens_and_a_reinstall_gives_new_ones(zid):
    tokens = await zid.installed()
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")

    dead, _ = await zid.get(tokens, PROFILE)
    refresh, _ = await zid.refresh(tokens)
    again = await zid.install(tokens.store_id)
    alive, profile = await zid.get(again, PROFILE)

    assert (dead, refresh, alive) == (401, 401, 200)
    assert profile["user"]["store"]["id"] == tokens.store_id


@pytest.mark.parametrize(("form", "status"), [("401", 401), ("403", 403), ("redirect", 302)])
async def test_what_the_profile_says_after_uninstall_is_a_knob(zid, form, status):
    tokens = await zid.installed()
    await zid.knobs(uninstall__profile_status=form)
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")

    assert (await zid.get(tokens, PROFILE))[0] == status


async def test_tokens_may_outlive_the_uninstall_event(zid):
    tokens = await zid.installed()
    await zid.knobs(uninstall__kill_tokens=60)
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")

    still, _ = await zid.get(tokens, PROFILE)
    await zid.control("POST", "/clock", {"advance_seconds": 61})
    later, _ = await zid.get(tokens, PROFILE)

    assert (still, later) == (200, 401)


async def test_a_refresh_between_uninstall_and_its_effect_gains_nothing(zid):
    tokens = await zid.installed()
    await zid.knobs(uninstall__kill_tokens=60)
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall")
    _, tokens.document = await zid.refresh(tokens)
    still, _ = await zid.get(tokens, PROFILE)

    await zid.control("POST", "/clock", {"advance_seconds": 61})

    assert still == 200
    assert (await zid.get(tokens, PROFILE))[0] == 401


async def test_changed_scopes_end_every_authorization(zid):
    tokens = await zid.installed()
    app = {
        name: getattr(zid.app, name)
        for name in ("client_id", "client_secret", "app_id", "callback_url", "redirection_url")
    }

    await zid.control("POST", "/apps", app | {"scopes": ["third_order_read", "third_account_profile_read"]})

    assert (await zid.get(tokens, PROFILE))[0] == 401
    assert (await zid.refresh(tokens))[0] == 401


async def test_another_registered_app_is_activated_by_its_id(zid):
    store_id = await zid.store()
    app = {"client_id": "77", "client_secret": "s", "app_id": 9, "callback_url": "http://127.0.0.1:1/cb"}
    await zid.control("POST", "/apps", app | {"redirection_url": "http://127.0.0.1:1/go"})

    target = await zid.redirect("GET", f"/__sandbox/stores/{store_id}/activate?app_id=9")

    assert target == "http://127.0.0.1:1/go"
