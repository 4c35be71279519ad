"""The secrets of a try-out: made at the first start, kept in one file that only its owner may read."""

from __future__ import annotations

import os
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import randbelow, token_bytes, token_hex, token_urlsafe
from typing import Final

from core.domain.api_keys import make_key

FILE_NAME: Final = "wasl.env"
_HEADER: Final = (
    "# Made by `wasl up` for this try-out. Keep it: stored tokens open only with TOKEN_KEYS.\n"
    "# The environment and .env go before it; ENVIRONMENT=production ignores it.\n"
)
_ENV_LINE: Final = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")
_QUOTED: Final = re.compile(r"""(?P<quote>["'])(?P<inside>.*?)(?P=quote)\s*(?:#.*)?$""")


def fernet_key() -> str:
    """A fresh key for TOKEN_KEYS: 32 random bytes as URL-safe base64."""
    return urlsafe_b64encode(token_bytes(32)).decode()


OWN_SECRETS: Final[Mapping[str, Callable[[], str]]] = {
    "TOKEN_KEYS": fernet_key,
    "WEBHOOK_SECRET": lambda: token_urlsafe(32),
    "APP_EVENTS_SECRET": lambda: token_urlsafe(32),
    "SESSION_KEY": lambda: token_urlsafe(32),
    "ADMIN_API_KEY": lambda: make_key(token_urlsafe(32)).reveal(),
}
"""What every installation of the service needs, and how to make it."""

SANDBOX_APP: Final[Mapping[str, Callable[[], str]]] = {
    "SANDBOX_CLIENT_ID": lambda: str(1000 + randbelow(9000)),
    "SANDBOX_CLIENT_SECRET": lambda: token_hex(20),
    "SANDBOX_APP_ID": lambda: str(100_000 + randbelow(900_000)),
}
"""The app as the sandbox knows it. Named apart from ZID_…, so that it is never sent to the real Zid."""


def make_secrets() -> dict[str, str]:
    """A fresh set of what the service needs, by key."""
    return {key: make() for key, make in OWN_SECRETS.items()}


def read_env_file(path: Path) -> dict[str, str]:
    """The file's keys and values; nothing when it does not exist."""
    return parse_env(path.read_text(encoding="utf-8")) if path.is_file() else {}


def parse_env(text: str) -> dict[str, str]:
    """`KEY=value` lines, as shells and docker write them: `export`, quotes and `# comments` are understood.

    `$` has no special meaning. A line that is none of these is passed over.
    """
    return {found["key"]: _value(found["value"]) for line in text.splitlines() if (found := _ENV_LINE.fullmatch(line))}


def _value(written: str) -> str:
    """Without its quotes; an unquoted value ends at a comment."""
    if quoted := _QUOTED.match(written):
        return quoted["inside"]
    return re.split(r"(?:^|\s)#", written, maxsplit=1)[0].strip()


def ensure_secrets(path: Path) -> dict[str, str]:
    """Every secret of the try-out; those that the file lacks are made and kept there."""
    kept = read_env_file(path)
    missing = {key: make() for key, make in {**OWN_SECRETS, **SANDBOX_APP}.items() if not kept.get(key)}
    if missing:
        before = path.read_text(encoding="utf-8").rstrip("\n") + "\n" if path.is_file() else _HEADER
        write_private(path, before + "".join(f"{key}={value}\n" for key, value in missing.items()))
    return {**kept, **missing}


def write_private(path: Path, text: str) -> None:
    """Puts the file there whole, readable by its owner only, or leaves the old one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as handle:
        handle.write(text)
    fresh.replace(path)
