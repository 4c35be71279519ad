"""No setting that holds an address makes the service ask its own network, in production."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from adapters.outbound.addresses import is_public, problem_of_url
from config.settings import load_settings
from core.errors import SettingInvalid
from tests.unit.config.test_settings import PRODUCTION

INWARDS = [
    "https://127.0.0.1/",
    "https://127.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0177.0.0.1/",
    "https://0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fe80::1%25eth0]/",
    "https://[fd00::1]/",
    "https://10.1.2.3/",
    "https://172.16.0.1/",
    "https://192.168.1.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://[fd00:ec2::254]/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://localhost/",
    "https://localhost./",
    "https://wasl.localhost/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://postgres/",
    "https://app.example.com:22/",
    "https://user:word@app.example.com/",
    "https://app.example.com@127.0.0.1/",
    "https://app.example.com\\@127.0.0.1/",
    "https://app.example.com/ x",
    "https://app.example.com/\r\nHost: evil",
    "https://①②⑦.0.0.1/",
    "http://app.example.com/",
    "ftp://app.example.com/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "https:///path",
    "https://app.example.com:99999/",
    "//app.example.com/",
]
SETTINGS = ("PUBLIC_URL", "ZID_API_URL", "ZID_OAUTH_URL", "ZID_DASHBOARD_URL")
"""Every setting with an address that is asked or handed on. Nobody asks those that only allow (frames, returns)."""


@pytest.mark.parametrize("url", INWARDS)
def test_an_address_that_leads_inwards_is_not_public(url: str) -> None:
    assert problem_of_url(url, public=True)


@pytest.mark.parametrize(
    "url",
    ["https://api.zid.sa", "https://api.zid.sa:8443/v1?x=1", "https://8.8.8.8/", "https://[2606:4700::1111]/"],
)
def test_an_address_of_the_public_internet_is(url: str) -> None:
    assert problem_of_url(url, public=True) is None


@pytest.mark.parametrize("key", SETTINGS)
@pytest.mark.parametrize("url", ["https://169.254.169.254", "https://127.0.0.1", "https://10.0.0.1:8443"])
def test_production_does_not_start_with_one_and_names_the_setting(key: str, url: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        load_settings({**PRODUCTION, key: url})
    assert caught.value.key == key


@pytest.mark.parametrize("key", ["PUBLIC_URL", "ZID_API_URL", "ZID_OAUTH_URL"])
@pytest.mark.parametrize("url", ["ftp://zid.test", "http://user:word@zid.test", "http://zid.test\\@evil.test", "zid"])
def test_what_is_no_plain_address_is_refused_everywhere(key: str, url: str) -> None:
    with pytest.raises(SettingInvalid) as caught:
        load_settings({key: url})
    assert caught.value.key == key


def test_while_developing_the_sandbox_may_be_asked() -> None:
    assert load_settings({"ZID_API_URL": "http://127.0.0.1:8090"}).zid_api_url == "http://127.0.0.1:8090"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2a00:1450:4009::200e", True),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::808:808", True),
        ("::ffff:169.254.169.254", False),
        ("192.88.99.1", False),
        ("198.18.0.1", False),
        ("203.0.113.1", False),
        ("2001:db8::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_public_is_public_also_where_it_is_wrapped(address: str, *, expected: bool) -> None:
    assert is_public(ip_address(address)) is expected
