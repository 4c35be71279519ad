"""`wasl api-keys`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from core.domain.api_access import ApiScope, KeyId
from core.domain.api_keys import ApiKey, KeyDraft, overlap_of
from core.domain.bounds import OutOfBounds
from core.features.api_keys import KeepApiKeys, NewKey
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.filters import ACTOR, DryRun, Limit, read_since, read_span
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import Row, show_json, show_record, show_rows
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters

app = commands("Keys of the API and the console. A key is shown once, when it is made; only its hash is kept.")
KeyNumber = Annotated[int, typer.Argument(metavar="KEY_ID", min=1, help="As `wasl api-keys list` shows it.")]
COLUMNS = ("id", "name", "scopes", "state", "hint", "expires_at", "last_used_at")
PAGE = 200


@app.command(
    epilog=manual(
        "wasl api-keys create courier --scope operate --expires 90d",
        "KEY=$(wasl api-keys create reports)  # through a pipe: the key alone",
        see=["wasl api-keys list", "docs/access.md"],
    )
)
def create(
    name: Annotated[str | None, typer.Argument(help="Whose key it is. The audit names keys by number.")] = None,
    named: Annotated[str | None, typer.Option("--name", help="The same.")] = None,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", "--scopes", help="read (if left out), operate or admin; each contains those before it."
        ),
    ] = None,
    expires: Annotated[
        str | None, typer.Option(metavar="SPAN|TIME", help="12h, 90d or 2026-12-31T12:00Z; never, if left out.")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(metavar="N", help="Requests a minute; else the service's own limit.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make a key and show it, this once."""
    draft = _draft(name or named or "", scope or [ApiScope.READ], expires, rate)
    made = with_adapters(data_dir, lambda adapters: _keeping(adapters).create(draft, actor=ACTOR))
    _show_new(made, as_json=as_json)


@app.command("list", epilog=manual("wasl api-keys list", "wasl api-keys list --json", see=["docs/access.md"]))
def list_keys(limit: Limit = 1000, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False) -> None:
    """Every key, newest first, those that are over included."""
    keys = with_adapters(data_dir, lambda adapters: _all(adapters, limit))
    show_rows(
        [_row(key) for key in keys], COLUMNS, as_json=as_json, empty="no key was made; ADMIN_API_KEY is the first"
    )


@app.command(epilog=manual("wasl api-keys rotate 7 --overlap 24h", see=["wasl api-keys revoke", "docs/access.md"]))
def rotate(
    key_id: KeyNumber,
    overlap: Annotated[
        str, typer.Option(metavar="SPAN", help="How long the old key goes on: 0s, 30m, 24h, up to 30d.")
    ] = "24h",
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Make the key's successor and show it, this once. It opens the same, for as long from now as the old one did."""
    goes_on = _overlap(overlap)

    async def work(adapters: Adapters) -> NewKey:
        made = await _keeping(adapters).rotate(KeyId(key_id), overlap=goes_on, actor=ACTOR)
        if made is None:
            raise CommandFailed(_why_not(key_id, await adapters.key_book().get(KeyId(key_id))))
        return made

    _show_new(with_adapters(data_dir, work), as_json=as_json)


@app.command(epilog=manual("wasl api-keys revoke 7 --dry-run", "wasl api-keys revoke 7", see=["wasl api-keys list"]))
def revoke(
    key_id: KeyNumber, dry_run: DryRun = False, data_dir: DataDir = DEFAULT_DATA_DIR, as_json: AsJson = False
) -> None:
    """End a key: from now on it opens nothing, and whoever signed in to the console with it is signed out."""

    async def work(adapters: Adapters) -> ApiKey | None:
        if dry_run:
            return await adapters.key_book().get(KeyId(key_id))
        return await _keeping(adapters).revoke(KeyId(key_id), actor=ACTOR)

    key = with_adapters(data_dir, work)
    if key is None:
        raise CommandFailed(_unknown(key_id))
    show_record({**_row(key), "dry_run": dry_run}, as_json=as_json)


def _keeping(adapters: Adapters) -> KeepApiKeys:
    return KeepApiKeys(book=adapters.key_book(), ids=adapters.ids())


async def _all(adapters: Adapters, limit: int) -> Sequence[ApiKey]:
    found: list[ApiKey] = []
    while len(found) < limit:
        before = found[-1].key_id if found else None
        page = await adapters.key_book().page(before=before, limit=min(PAGE, limit - len(found)))
        if not page:
            break
        found += page
    return found


def _draft(name: str, scopes: Sequence[str], expires: str | None, rate: int | None) -> KeyDraft:
    now = datetime.now(UTC)
    try:
        return KeyDraft.of(name, _scopes(scopes), now=now, expires_at=_end(expires, now), rate_per_minute=rate)
    except OutOfBounds as error:
        raise typer.BadParameter(str(error)) from error


def _scopes(given: Sequence[str]) -> list[ApiScope]:
    """`--scope read --scope operate` and `--scope read,operate` are the same."""
    words = [word.strip() for text in given for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in set(ApiScope)]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r}: one of {', '.join(ApiScope)}", param_hint="--scope")
    return [ApiScope(word) for word in words]


def _end(text: str | None, now: datetime) -> datetime | None:
    """A span from now, or a time."""
    if text is None:
        return None
    span = read_span(text)
    return now + span if span is not None else read_since(text, hint="--expires")


def _overlap(text: str) -> timedelta:
    span = read_span(text)
    if span is None:
        raise typer.BadParameter(f"{text!r}: write 0s, 30m, 24h or 7d", param_hint="--overlap")
    try:
        return overlap_of(span.total_seconds())
    except OutOfBounds as error:
        raise typer.BadParameter(str(error), param_hint="--overlap") from error


def _why_not(key_id: int, key: ApiKey | None) -> str:
    if key is None:
        return _unknown(key_id)
    if key.rotated_to is not None:
        return f"key {key_id} was rotated already: rotate {key.rotated_to}, its successor"
    return f"key {key_id} is {key.state(datetime.now(UTC))}; make a new one with `wasl api-keys create`"


def _unknown(key_id: int) -> str:
    return f"there is no key {key_id}; `wasl api-keys list` shows them"


def _show_new(made: NewKey, *, as_json: bool) -> None:
    """Through a pipe, the key alone: `KEY=$(wasl api-keys create …)`."""
    if as_json:
        show_json({**_row(made.key), "key": made.text.reveal()})
        return
    typer.echo(made.text.reveal())
    typer.echo(f"This is key {made.key.key_id} ({made.key.name}). It is not shown again.", err=True)


def _row(key: ApiKey) -> Row:
    return {
        "id": key.key_id,
        "name": key.name,
        "scopes": [scope.value for scope in key.scopes],
        "state": key.state(datetime.now(UTC)).value,
        "hint": key.hint,
        "rate_per_minute": key.rate_per_minute,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "rotated_to": key.rotated_to,
    }
