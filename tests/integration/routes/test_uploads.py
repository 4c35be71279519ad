"""Uploads that are not what they should be, by the name of what is wrong."""

from collections.abc import Callable
from io import BytesIO

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestClient

from core.domain.operations.product_parts import UploadImage
from entrypoints.http.uploads import LARGEST_FILE, MOST_PARTS
from tests.integration.routes.world import KEY, STORE, World

PATH = f"/v1/stores/{STORE}/products/p-1/images"


def form(*fields: tuple[str, str | bytes]) -> FormData:
    made = FormData()
    for name, value in fields:
        if isinstance(value, bytes):
            made.add_field(name, BytesIO(value), filename="a.png")
        else:
            made.add_field(name, value)
    return made


@pytest.mark.parametrize(
    ("body", "status", "parameter"),
    [
        (lambda: form(("image", b"x" * (LARGEST_FILE + 1))), 413, "image"),
        (lambda: form(("image", b"x"), ("alt_text", "a" * (65 * 1024))), 413, "alt_text"),
        (lambda: form(("image", b"x"), ("alt_text", "a" * 501)), 400, "alt_text"),
        (lambda: form(("photo", b"x")), 400, "image"),
        (lambda: form(("image", b"x"), ("image", b"y")), 400, "image"),
        (lambda: form(("image", b"x"), ("alt_text", "a"), ("alt_text", "b")), 400, "alt_text"),
        (lambda: form(("image", b"x"), ("colour", "red")), 400, "colour"),
        (lambda: form(("image", b"x"), *((f"f{n}", "1") for n in range(MOST_PARTS + 1))), 400, "body"),
    ],
    ids=["large", "long field", "long text", "no file", "two files", "twice", "unknown", "many"],
)
async def test_what_is_wrong_with_an_upload_is_named(
    client: TestClient, world: World, body: Callable[[], FormData], status: int, parameter: str
) -> None:
    await world.installed()

    answer = await client.post(PATH, data=body(), headers=KEY)

    assert answer.status == status
    assert (await answer.json(content_type="application/problem+json"))["parameter"] == parameter
    assert world.gateway.asked(UploadImage) == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=b", b"--b\r\nno header\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b"something else"),
        ("multipart/form-data; boundary=b", b""),
    ],
)
async def test_what_is_no_form_is_refused(client: TestClient, world: World, content_type: str, body: bytes) -> None:
    await world.installed()

    answer = await client.post(PATH, data=body, headers={**KEY, "Content-Type": content_type})

    assert answer.status == 400, await answer.text()
    assert world.gateway.asked(UploadImage) == []
