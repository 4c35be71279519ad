"""DATABASE_URL as managed providers hand it out, turned into what the driver understands.

Providers write for libpq, whose parameters the driver would pass on to the server,
which refuses them: `channel_binding` (Neon), `pgbouncer` (Supabase), `sslrootcert=system`.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from core.errors import SettingInvalid

_LIBPQ_ONLY: Final = frozenset(
    {
        "channel_binding",
        "fallback_application_name",
        "gssencmode",
        "gssdelegation",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "load_balance_hosts",
        "replication",
        "require_auth",
        "requirepeer",
        "sslcertmode",
        "sslcompression",
        "sslsni",
        "tcp_user_timeout",
    }
)
_PEM: Final = "-----BEGIN"
_UNVERIFIED: Final = frozenset({"disable", "allow", "prefer"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where to connect and how. `pooled` means that a PgBouncer stands in between. The URL stays out of reprs."""

    url: str
    tls: ssl.SSLContext | None
    connect_timeout: float
    pooled: bool

    def __repr__(self) -> str:
        parts = urlsplit(self.url)
        return f"Target({parts.hostname or 'socket'}{parts.path})"


def read_dsn(dsn: str, *, ca_cert: str | None = None, connect_timeout: float = 5.0) -> Target:
    """The target of a `postgresql://` URL; SettingInvalid names DATABASE_URL and what is wrong with it.

    `ca_cert` (a PEM text or a file's path) makes TLS with a checked certificate and host name.
    """
    parts = urlsplit(dsn)
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingInvalid("DATABASE_URL", "must begin with postgresql://")
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    pooled = given.pop("pgbouncer", "").lower() in ("true", "1", "yes")
    timeout = _seconds(given.pop("connect_timeout", ""), connect_timeout)
    tls = _tls(given, ca_cert)
    kept = {name: value for name, value in given.items() if name not in _LIBPQ_ONLY}
    return Target(parts._replace(query=urlencode(kept)).geturl(), tls, timeout, pooled)


@contextmanager
def libpq_dsn(dsn: str, *, ca_cert: str | None) -> Iterator[str]:
    """The address for libpq, which reads authorities from files alone: it checks what `read_dsn`'s target checks."""
    parts = urlsplit(dsn)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if not ca_cert or given.get("sslmode") in _UNVERIFIED:
        yield dsn
        return
    _context(ca_cert)
    with NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(_lines(ca_cert) if _PEM in ca_cert else "")
        file.flush()
        path = file.name if _PEM in ca_cert else ca_cert
        query = urlencode({**given, "sslmode": "verify-full", "sslrootcert": path})
        yield parts._replace(query=query).geturl()


def _seconds(text: str, otherwise: float) -> float:
    """libpq reads 0 and nothing as 'wait for ever', which nobody here may do."""
    if not text:
        return otherwise
    if not text.isdigit():
        raise SettingInvalid("DATABASE_URL", f"connect_timeout={text!r} is not a number of seconds")
    return float(text) or otherwise


def _tls(given: dict[str, str], ca_cert: str | None) -> ssl.SSLContext | None:
    """Our own context where we must make one; None leaves `sslmode` and its companions to the driver."""
    system = given.get("sslrootcert") == "system"
    if system:
        del given["sslrootcert"]
    if given.get("sslmode") in _UNVERIFIED or not (system or ca_cert):
        return None
    given.pop("sslmode", None)
    return _context(ca_cert)


def _context(ca_cert: str | None) -> ssl.SSLContext:
    try:
        if ca_cert and _PEM in ca_cert:
            return ssl.create_default_context(cadata=_lines(ca_cert))
        return ssl.create_default_context(cafile=ca_cert)
    except (OSError, ssl.SSLError) as error:
        raise SettingInvalid("DATABASE_CA_CERT", "is neither a PEM certificate nor the path of one") from error


def _lines(pem: str) -> str:
    """Environment files and dashboards keep line ends as backslash and n."""
    return pem.replace("\\n", "\n")
