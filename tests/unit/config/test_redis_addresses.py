"""What REDIS_URL may say."""

import pytest

from adapters.redis.addresses import Cluster, OneServer, Service, read_address
from core.errors import SettingInvalid


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://h:1/2", OneServer("redis://h:1/2", tls=False)),
        ("rediss://:p@h", OneServer("rediss://:p@h", tls=True)),
        ("unix:///run/valkey.sock", OneServer("unix:///run/valkey.sock", tls=False)),
        ("redis+sentinel://a,b:7/wasl", Service((("a", 26379), ("b", 7)), "wasl", 0, False, {}, {})),
        (
            "rediss+sentinel://me:p%40ss@[::1]:7,[::2]/wasl/3?sentinel_password=s&sentinel_username=u",
            Service(
                (("::1", 7), ("::2", 26379)),
                "wasl",
                3,
                True,
                {"username": "me", "password": "p@ss"},
                {"username": "u", "password": "s"},
            ),
        ),
        ("redis+cluster://a:1,b", Cluster((("a", 1), ("b", 6379)), False, {})),
        ("rediss+cluster://:p@a/0", Cluster((("a", 6379),), True, {"password": "p"})),
    ],
)
def test_every_form_is_read(url: str, expected: OneServer | Service | Cluster) -> None:
    assert read_address(url) == expected


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://x", "redis+sentinel://"),
        ("redis+sentinel://:hidden@a:1,b:2", "the service that the sentinels watch"),
        ("redis+sentinel://:hidden@a:1/wasl/first", "the database after the service is no number"),
        ("redis+sentinel://:hidden@/wasl", "names no host"),
        ("redis+cluster://:hidden@a:1/2", "a cluster has none"),
        ("redis+cluster://:hidden@a:hidden", "a port is no number"),
    ],
)
def test_what_is_wrong_is_named_without_the_password(url: str, told: str) -> None:
    with pytest.raises(SettingInvalid, match="REDIS_URL") as caught:
        read_address(url)
    assert told in str(caught.value)
    assert "hidden" not in str(caught.value)
