"""The command line. `main` is the console script `wasl`."""

from __future__ import annotations

import os
import sys

from entrypoints.cli.own_packages import foreign_packages


def main() -> None:
    """Runs the command of `sys.argv` and exits: 0 done, 1 failed with one line of cause and fix, 2 wrong usage."""
    if foreign := foreign_packages():
        sys.exit(f"wasl: {foreign[0]}")
    from entrypoints.cli.app import run  # noqa: PLC0415 (imports our packages, hence after the check)

    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # the app's own handlers; last, so that nothing of ours is hidden
    run()
