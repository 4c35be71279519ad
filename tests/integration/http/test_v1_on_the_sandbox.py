"""All of /v1 as programs meet it, over real servers and the sandbox."""

import httpx
import pytest

from tests.integration.http.served_api import HEADERS, ServedApi


@pytest.fixture(scope="module")
def client(api: ServedApi) -> httpx.Client:
    with httpx.Client(base_url=api.store, headers=HEADERS, timeout=20) as client:
        yield client


@pytest.mark.parametrize("noun", ["orders", "products", "customers", "categories", "abandoned-carts"])
def test_mirror_and_zid_list_the_same_things(client: httpx.Client, noun: str) -> None:
    mirrored = client.get(f"/{noun}", params={"limit": 200})
    asked = client.get(f"/{noun}", params={"limit": 200, "source": "zid"})

    assert (mirrored.status_code, asked.status_code) == (200, 200), (mirrored.text, asked.text)
    print(noun, mirrored.headers.get("X-Data-Age"), len(mirrored.json()["items"]), len(asked.json()["items"]))
