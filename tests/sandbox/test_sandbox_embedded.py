"""The dashboard's page around an embedded app."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

TOKEN, NEWER = "0d6f7c52-9d5e-4f0b-8a43-2f1f6a0c1b2d", "7b1c9e44-52aa-4f6e-9b8e-0a1b2c3d4e5f"
SCOPE = "embedded_apps_tokens_write"
APPLICATION = "https://app.example/embedded?from=zid"


def framed(page):
    """The address in the frame, or None."""
    found = re.search(r'<iframe src="([^"]*)"', page)
    return html.unescape(found[1]) if found else None


@pytest.fixture
async def app_id(zid):
    """An app with an Application URL."""
    app = {
        "client_id": "77",
        "client_secret": "s",
        "app_id": 7007,
        "callback_url": "https://app.example/cb",
        "redirection_url": "https://app.example/go",
        "application_url": APPLICATION,
        "scopes": [SCOPE],
    }
    await zid.control("POST", "/apps", app)
    return 7007


@pytest.fixture
async def tokens(zid, app_id):
    """Of a store in which the embedded app is installed, the token registered."""
    store_id = await zid.store()
    await zid.redirect("GET", f"/__sandbox/stores/{store_id}/activate?app_id={app_id}")
    query = {"client_id": "77", "redirect_uri": "https://app.example/cb", "response_type": "code", "scope": SCOPE}
    target = await zid.redirect("GET", "/oauth/authorize", params=query)
    form = {"grant_type": "authorization_code", "client_id": "77", "client_secret": "s"}
    code = parse_qs(urlsplit(target).query)["code"][0]
    status, document = await zid.call(
        "POST", "/oauth/token", data={**form, "code": code, "redirect_uri": "https://app.example/cb"}
    )
    assert status == 200, document
    found = type("Installed", (), {"store_id": store_id, "document": document})
    assert await register(zid, found, TOKEN) == 200
    return found


async def register(zid, tokens, token):
    headers = {
        "Authorization": f"Bearer {tokens.document['authorization']}",
        "X-Manager-Token": tokens.document["access_token"],
        "Accept-Language": "en",
    }
    path = "/v1/managers/embedded-apps-token"
    return (await zid.call("POST", path, json={"token": token}, headers=headers))[0]


async def opened(zid, store_id, **query):
    """The dashboard's page, opened as the merchant of the store."""
    target = await zid.redirect("GET", f"/__sandbox/stores/{store_id}/open", params={"app_id": "7007", **query})
    status, page = await zid.call("GET", target)
    assert status == 200
    return page


@pytest.mark.parametrize("language", ["ar", "en"])
async def test_the_app_is_framed_with_the_registered_token_and_the_language(zid, tokens, language):
    source = urlsplit(framed(await opened(zid, tokens.store_id, language=language)))

    assert f"{source.scheme}://{source.netloc}{source.path}" == "https://app.example/embedded"
    assert parse_qs(source.query) == {"from": ["zid"], "token": [TOKEN], "language": [language]}


async def test_the_merchants_session_decides_which_store_it_is(zid, tokens):
    other = await zid.store()
    await opened(zid, tokens.store_id)
    status, page = await zid.call("GET", f"/ar-sa/stores/{other}/apps/7007/embedded")
    assert status == 200
    assert TOKEN in framed(page)
    assert framed(await opened(zid, other)) is None


async def test_who_is_not_logged_in_logs_in_first(zid, tokens):
    zid.session.cookie_jar.clear()
    path = f"/ar-sa/stores/{tokens.store_id}/apps/7007/embedded"
    status, page = await zid.call("GET", path)
    assert status == 200
    assert framed(page) is None
    form = {"store_id": str(tokens.store_id), "next": path}
    assert await zid.redirect("POST", "/login", data=form) == path
    assert TOKEN in framed((await zid.call("GET", path))[1])


async def test_nothing_is_framed_without_a_token_or_after_the_uninstall(zid, tokens):
    await zid.control("POST", f"/stores/{tokens.store_id}/uninstall", {"app_id": 7007})
    page = await opened(zid, tokens.store_id)
    assert framed(page) is None
    assert "registered no embedded token" in page


async def test_an_app_that_is_not_registered_is_not_found(zid, tokens):
    await opened(zid, tokens.store_id)
    assert (await zid.call("GET", f"/ar-sa/stores/{tokens.store_id}/apps/1/embedded"))[0] == 404
    assert (await zid.call("GET", "/__sandbox/stores/999999/open"))[0] == 404


@pytest.mark.parametrize(("knob", "token"), [("replace", NEWER), ("keep", TOKEN)])
async def test_what_a_second_registration_does_is_a_knob(zid, tokens, knob, token):
    await zid.knobs(embedded__again=knob)
    assert await register(zid, tokens, NEWER) == 200
    assert token in framed(await opened(zid, tokens.store_id))
