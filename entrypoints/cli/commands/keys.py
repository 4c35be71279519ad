"""`wasl keys`."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.cli.environment import AsJson
from entrypoints.cli.group import commands
from entrypoints.cli.output import show_json
from entrypoints.up.secrets_file import fernet_key, make_secrets

app = commands("Keys and secrets. They are printed once and kept nowhere.")


@app.command(epilog='Example: export TOKEN_KEYS="$(wasl keys generate)"')
def generate(
    env: Annotated[bool, typer.Option("--env", help="Every secret the service needs, as lines for .env.")] = False,
    as_json: AsJson = False,
) -> None:
    """A fresh key for TOKEN_KEYS. To rotate, put it in front of the old ones, separated by a comma."""
    made = make_secrets() if env else {"TOKEN_KEYS": fernet_key()}
    if as_json:
        show_json(made)
    elif env:
        for key, value in made.items():
            typer.echo(f"{key}={value}")
    else:
        typer.echo(made["TOKEN_KEYS"])
