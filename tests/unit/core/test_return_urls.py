"""A browser is sent only to places that were listed, whatever the address is disguised as."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.domain.return_urls import NOWHERE_ELSE, ReturnUrls

LISTED = ReturnUrls.read(["https://app.example/connected", "https://shop.example:8443", "http://127.0.0.1:3000/done/"])


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example/connected",
        "https://app.example:443/connected",
        "https://APP.example/connected",
        "https://app.example/connected/",
        "https://app.example/connected/stores/7?session=a%20b&c=/d#top",
        "https://app.example/connected/%D9%85%D8%AA%D8%AC%D8%B1",
        "https://app.example/connected?next=//evil.example",
        "https://shop.example:8443",
        "https://shop.example:8443/",
        "https://shop.example:8443/anything?x=1",
        "http://127.0.0.1:3000/done/1",
    ],
)
def test_places_at_or_below_a_listed_one_are_allowed(url: str) -> None:
    assert LISTED.allows(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/connected",
        "//app.example/connected",
        "///app.example/connected",
        "https:app.example/connected",
        "https:/app.example/connected",
        "https:///app.example/connected",
        "https://app.example",
        "https://app.example/",
        "https://app.example/connectedness",
        "https://app.example/Connected",
        "https://app.example/other",
        "http://app.example/connected",
        "HTTPS://app.example.evil/connected",
        "https://app.example.evil.example/connected",
        "https://app.example./connected",
        "https://evil.example/connected",
        "https://evil.example/https://app.example/connected",
        "https://evil.example#https://app.example/connected",
        "https://app.example:8443/connected",
        "https://app.example:/connected",
        "https://app.example:0443/connected/../x",
        "https://app.example:99999/connected",
        "https://app.example:443:443/connected",
        "https://app.example@evil.example/connected",
        "https://user@app.example/connected",
        "https://user:word@app.example/connected",
        "https://app.example%40evil.example/connected",
        "https://app.example%2fconnected",
        "https://app.example%00.evil.example/connected",
        "https://app.example\\@evil.example/connected",
        "https://app.example\\.evil.example/connected",
        "https:\\\\app.example\\connected",
        "https://app.example/connected\\..\\x",
        "https://app.example/connected/..",
        "https://app.example/connected/../x",
        "https://app.example/connected/./x",
        "https://app.example/connected/%2e%2e/x",
        "https://app.example/connected/%2E./x",
        "https://app.example/connected/.%2e/x",
        "https://app.example/connected%2fx",
        "https://app.example/connected/%5c..%5cx",
        "https://app.example/connected/%252e%252e/x",
        "https://app.example/connected//x",
        "https://app.example/connected/%00",
        "https://app.example/connected/%0d%0aSet-Cookie:x",
        "https://app.example/connected/%ff",
        "https://app.example/connected\r\nSet-Cookie: x=1",
        "https://app.example/connected\tx",
        " https://app.example/connected",
        "https://app.example/connected ",
        "https://app.example /connected",
        "https://аpp.example/connected",
        "https://app。example/connected",
        "https://app.example／connected",
        "https://xn--pp-7kc.example/connected",
        "https://[::1]/connected",
        "https://[app.example]/connected",
        "https://127.0.0.1:3000/done/1",
        "http://127.0.0.1/done/1",
        "http://127.0.0.1:3000/done",
        "http://0x7f000001:3000/done/1",
        "http://localhost:3000/done/1",
        "javascript://app.example/connected%0aalert(1)",
        "data:text/html,https://app.example/connected",
        "ftp://app.example/connected",
        "https://app.example/connected/" + "x" * 2000,
    ],
)
def test_everything_else_is_not(url: str) -> None:
    assert not LISTED.allows(url)


def test_an_empty_list_allows_nothing() -> None:
    assert not NOWHERE_ELSE.allows("https://app.example/connected")


@pytest.mark.parametrize(
    "entry",
    [
        "app.example",
        "*",
        "https://*.example",
        "https://",
        "http://app.example",
        "https://app.example/x?y",
        "https://app.example/x#y",
        "https://app.example/..",
        "https://user@app.example",
        "https://متجر.example",
    ],
)
def test_an_entry_that_is_no_address_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="is no https"):
        ReturnUrls.read(["https://fine.example", entry])


def test_production_wants_tls_even_on_its_own_machine() -> None:
    assert ReturnUrls.read(["http://localhost:3000"]).allows("http://localhost:3000/x")
    with pytest.raises(ValueError, match="must start with https"):
        ReturnUrls.read(["http://localhost:3000"], tls_only=True)


@given(
    st.text(alphabet="/\\@:.?#%25eEfF aصx。\t\r\n[]&=;"), st.sampled_from(["", "https:", "https://", "//", "http://"])
)
@example("app.example/connected/..;/x", "https://")
@example("evil.example", "https://app.example/connected@")
def test_nothing_that_is_allowed_leads_elsewhere(rest: str, start: str) -> None:
    """As a browser reads addresses: backslashes are slashes, tabs and line ends are dropped."""
    for url in (start + rest, "https://app.example" + rest, "https://app.example/connected" + rest):
        if LISTED.allows(url):
            read = url.replace("\\", "/").replace("\t", "").replace("\r", "").replace("\n", "")
            assert read == url
            assert read.lower().startswith(
                ("https://app.example/connected", "https://app.example:443/connected", "https://shop.example:8443")
            )
