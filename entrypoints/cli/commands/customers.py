"""`wasl customers`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from core.domain.audit import AuditEntry
from core.domain.erasures import pseudonym
from core.domain.people import Person
from core.features.erase_data import Certificate
from core.ids import StoreId
from entrypoints.cli.environment import DEFAULT_DATA_DIR, AsJson, DataDir
from entrypoints.cli.erasing import carry_out, confirm, show_certificate, write_private
from entrypoints.cli.filters import ACTOR, DryRun, Yes
from entrypoints.cli.foretelling import NEVER_INSTALLED, erasing_person
from entrypoints.cli.group import commands
from entrypoints.cli.manual import manual
from entrypoints.cli.opened import with_adapters, with_features
from entrypoints.cli.output import show_record
from entrypoints.failures import CommandFailed

if TYPE_CHECKING:
    from config.container import Adapters
    from entrypoints.wiring import Daemon

app = commands("One customer's data: hand it out, or erase it.")
StoreOption = Annotated[int, typer.Option("--store", metavar="STORE_ID", min=1, help="Whose customer.")]
CustomerOption = Annotated[str | None, typer.Option("--customer", metavar="ID", help="The customer's id at Zid.")]
EmailOption = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Whoever has this address, guests included.")]
PhoneOption = Annotated[str | None, typer.Option(metavar="NUMBER", help="Whoever has this number, in any spelling.")]


@app.command(
    epilog=manual(
        "wasl customers export --store 1001 --customer 77 --output layla.json",
        "wasl customers export --store 1001 --email layla@example.com | jq .orders",
        see=["wasl customers erase", "docs/retention.md"],
    )
)
def export(
    store: StoreOption,
    customer: CustomerOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file that only you can read; else standard output.")
    ] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Everything that is held about one person, as JSON: mirror, orders, carts, our notes, events with attempts."""
    person = _person(customer, email, phone)

    async def work(adapters: Adapters) -> Mapping[str, object]:
        people = adapters.personal_data()
        named = {"customer": pseudonym(StoreId(store), person)}
        await adapters.audit_trail().note(AuditEntry("customer.exported", StoreId(store), actor=ACTOR, details=named))
        return await people.held(StoreId(store), await people.identify(StoreId(store), person))

    held = with_adapters(data_dir, work)
    content = json.dumps(
        {"store_id": store, "exported_at": datetime.now(UTC), **held}, ensure_ascii=False, indent=2, default=_plain
    )
    if output is None:
        typer.echo(content)
        return
    write_private(output, content + "\n")
    typer.echo(f"{output} holds {_summary(held)}", err=True)


@app.command(
    epilog=manual(
        "wasl customers erase --store 1001 --customer 77 --dry-run",
        "wasl customers erase --store 1001 --customer 77  # asks for the store's number",
        "wasl customers erase --store 1001 --phone 0551234567 --yes",
        exits={1: "not finished: a scheduler goes on, or give it again"},
        see=["wasl stores erase", "docs/retention.md"],
    )
)
def erase(
    store: StoreOption,
    customer: CustomerOption = None,
    email: EmailOption = None,
    phone: PhoneOption = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
    as_json: AsJson = False,
) -> None:
    """Remove one person: customer, carts, notes and events go; orders keep numbers that lead to nobody.

    What Zid sends about them later comes in anew: erase them at Zid first.
    """
    person = _person(customer, email, phone)
    if dry_run:
        found = with_adapters(data_dir, lambda adapters: erasing_person(adapters, StoreId(store), person))
        return show_record(found, as_json=as_json)
    confirm(f"This erases one customer of store {store}", str(store), yes=yes)

    async def work(parts: Daemon) -> Certificate:
        erasure = await parts.features.erase().ask_for_customer(StoreId(store), person, actor=ACTOR)
        if erasure is None:
            raise CommandFailed(NEVER_INSTALLED.format(store_id=store))
        return await carry_out(parts, erasure)

    return show_certificate(with_features(data_dir, work), as_json=as_json)


def _person(customer: str | None, email: str | None, phone: str | None) -> Person:
    person = Person.asked_for(customer_id=customer, email=email, phone=phone)
    if person.is_nobody:
        raise CommandFailed("say whom: --customer ID, --email ADDRESS or --phone NUMBER (nine digits or more)")
    return person


def _summary(held: Mapping[str, object]) -> str:
    return ", ".join(f"{len(found)} × {name}" for name, found in held.items() if isinstance(found, list))


def _plain(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case UUID():
            return str(value)
        case _:
            return str(value)
