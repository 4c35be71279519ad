"""Style, script and icons, served from memory under names that change with their content.

What is vendored stands in static/vendor, with its versions and checksums in versions.json.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web

from entrypoints.http.problems import not_found
from entrypoints.http.routing import Route

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


@cache
def _assets() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in _FOLDER.rglob("*") if path.suffix in _TYPES}


@cache
def asset_path(name: str) -> str:
    """Where a page finds the file; the address changes when the content does."""
    return f"/static/{sha256(_assets()[name]).hexdigest()[:12]}/{name}"


async def serve(request: web.Request) -> web.Response:
    """One of the few files, by name; nothing else of the disk can be reached."""
    name = request.match_info["name"]
    content = _assets().get(name)
    if content is None:
        raise not_found("such file")
    headers = {"Cache-Control": _FOR_EVER if request.path == asset_path(name) else "no-cache"}
    return web.Response(body=content, content_type=_TYPES[Path(name).suffix], charset="utf-8", headers=headers)


ROUTES = (Route("GET", "/static/{version}/{name}", serve, quiet=True),)
