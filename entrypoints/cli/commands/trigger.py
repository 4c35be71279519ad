"""`wasl trigger`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from config.settings import Settings
from core.domain.event_states import EventState, Ledger
from core.domain.stores import LIVE
from core.ids import StoreId
from entrypoints.cli.books import book_record
from entrypoints.cli.completion import topics
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir, running_up, settings_for
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters
from entrypoints.cli.output import show_json
from entrypoints.cli.progress import Progress
from entrypoints.failures import CommandFailed
from entrypoints.up.account import Counted, counter
from entrypoints.up.sandbox_control import SandboxControl

if TYPE_CHECKING:
    from config.container import Adapters

app = commands()
LOOK_EVERY: Final = 0.25
PATIENCE_SECONDS: Final = 60.0
"""How long nothing may move before the wait is given up."""
MOVING: Final = (EventState.QUEUED, EventState.RUNNING)
REAL_ZID: Final = ".zid.sa"
Json = Mapping[str, Any]


@app.command(
    epilog=manual(
        "wasl trigger order.create --count 200 --rate 50",
        "wasl trigger product.create --store 1001 --data product.json",
        exits={1: "failed, was given up by the stand-in, or nothing moved for a minute"},
        see=["wasl sandbox", "wasl events list"],
    )
)
def trigger(
    event: Annotated[
        str, typer.Argument(metavar="EVENT", help="One of Zid's topics, such as order.create.", autocompletion=topics)
    ],
    store: Annotated[
        int | None,
        typer.Option("--store", metavar="STORE_ID", min=1, help="Default: the store that was installed last."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON to merge into the entity; - reads it from stdin.")
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", min=1, max=100_000, help="How many of them.")] = 1,
    rate: Annotated[
        float | None, typer.Option(metavar="N", min=0.001, help="Events per second. Default: all at once.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Until all is delivered and handled.")] = True,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Let the sandbox (never the real Zid) produce an event: it changes its world, then delivers the webhook."""
    wanted: dict[str, Any] = {"event": event, "count": count, "data": _read_data(data)}
    if rate is not None:
        wanted["rate"] = rate
    sandbox = SandboxControl(sandbox_url(data_dir, settings_for(data_dir)))

    async def work(adapters: Adapters) -> Json:
        store_id = StoreId(store) if store else await last_installed(adapters)
        await _refuse_other_things(sandbox)
        return await _Trigger(sandbox, adapters, store_id, {**wanted, "store_id": store_id}).run(wait=wait)

    _tell(with_adapters(data_dir, work), as_json=as_json)


def sandbox_url(data_dir: Path, settings: Settings) -> str:
    """The sandbox of the running `wasl up`, else what ZID_API_URL names; never the real Zid."""
    up = running_up(data_dir)
    if up is not None and up.sandbox_url:
        return up.sandbox_url
    if settings.zid_api_url.rstrip("/").endswith(REAL_ZID) or (up is not None and not up.sandbox_url):
        raise CommandFailed(
            f"trigger speaks to the sandbox only, and ZID_API_URL is {settings.zid_api_url}: start `wasl up`,"
            " or `wasl sandbox` with ZID_API_URL naming it"
        )
    return settings.zid_api_url


async def last_installed(adapters: Adapters) -> StoreId:
    """The store with the youngest live install."""
    latest, after = None, None
    while page := await adapters.installations().page(after=after, limit=500):
        after = page[-1].store_id
        live = [install for install in page if install.state in LIVE]
        latest = max([*live, *filter(None, [latest])], key=lambda install: install.installed_at, default=None)
    if latest is None:
        raise CommandFailed("no store is installed: open the sandbox's page and activate one, or name one with --store")
    return latest.store_id


async def _refuse_other_things(sandbox: SandboxControl) -> None:
    """Nothing but a sandbox has its control API; asked before anything is sent there."""
    if not await sandbox.is_there():
        raise CommandFailed(f"no sandbox answers at {sandbox.url}: start it with `wasl up` or `wasl sandbox`")


class _Trigger:
    """One trigger and what becomes of it."""

    def __init__(self, sandbox: SandboxControl, adapters: Adapters, store_id: StoreId, wanted: Json) -> None:
        self._sandbox = sandbox
        self._adapters = adapters
        self._store_id = store_id
        self._wanted = wanted

    async def run(self, *, wait: bool) -> Json:
        """What was triggered, and with `wait` what became of it once nothing moves any more."""
        before = await self._of_store()
        answer = await self._sandbox.trigger(self._wanted)
        result = {"store_id": self._store_id, "event": self._wanted["event"], **answer}
        if not wait:
            return result
        ledger, finished = await self._until_handled(_happened(before, self._wanted) + int(answer["triggered"]))
        lost = _given_up(await self._of_store()) - _given_up(before)
        return {**result, "finished": finished, "undeliverable": lost, "ledger": book_record(ledger)}

    async def _until_handled(self, events: int) -> tuple[Ledger, bool]:
        """Delivered, and nothing spooled, queued or running; False when nothing moved for a minute."""
        total = int(self._wanted["count"])
        last, moved_at = "", time.monotonic()
        with Progress(f"{self._wanted['event']} × {total}", total, sys.stderr) as progress:
            while True:
                missing = await self._not_delivered(events)
                ledger = await self._adapters.reader().books(self._store_id)
                left = missing + _open(ledger)
                progress.show(max(0, total - left))
                if not left:
                    return ledger, True
                now = f"{missing} {book_record(ledger)}"
                last, moved_at = now, time.monotonic() if now != last else moved_at
                if time.monotonic() - moved_at > PATIENCE_SECONDS:
                    return ledger, False
                await asyncio.sleep(LOOK_EVERY)

    async def _not_delivered(self, events: int) -> int:
        """Events that are still to happen, and deliveries on their way."""
        stats = await self._of_store()
        return max(0, events - _happened(stats, self._wanted)) + int(stats["deliveries"]["pending"])

    async def _of_store(self) -> Json:
        stores: Json = (await self._sandbox.stats())["stores"]
        if str(self._store_id) not in stores:
            raise CommandFailed(f"the sandbox has no store {self._store_id}; it knows {', '.join(stores) or 'none'}")
        found: Json = stores[str(self._store_id)]
        return found


def _happened(stats: Json, wanted: Json) -> int:
    return int(stats["events"].get(wanted["event"], 0))


def _given_up(stats: Json) -> int:
    """Deliveries that Zid will not try again: out of retries, or their webhook is broken."""
    return int(stats["deliveries"]["exhausted"]) + int(stats["deliveries"]["discarded"])


def _open(ledger: Ledger) -> int:
    """Work that moves by itself, what is still spooled included; what waits for its next attempt is not waited for."""
    return ledger.spooled + sum(books.count(state) for books in ledger.by_origin.values() for state in MOVING)


def _read_data(path: Path | None) -> Json:
    if path is None:
        return {}
    try:
        content = json.loads(sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path}: {error}", param_hint="--data") from None
    if not isinstance(content, dict):
        raise typer.BadParameter(f"{path}: must hold a JSON object", param_hint="--data")
    return content


def _tell(result: Json, *, as_json: bool) -> None:
    if as_json:
        show_json(result)
    else:
        typer.echo(f"triggered {result['event']} × {result['triggered']} in store {result['store_id']}")
        if ledger := result.get("ledger"):
            typer.echo(f"{counter(Counted.of(ledger))} · {'balanced' if ledger['balanced'] else 'NOT balanced'}")
    if lost := result.get("undeliverable"):
        raise CommandFailed(
            f"{lost} deliveries were given up: is the store subscribed with this instance's PUBLIC_URL?"
            " Install it again where the address has changed"
        )
    if not result.get("finished", True):
        raise CommandFailed(f"nothing moved for {PATIENCE_SECONDS:.0f} s and work is left: see `wasl status`")
