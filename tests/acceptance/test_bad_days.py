"""What goes wrong at a start is one line that names the cause and the fix, exit code 1, no traceback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.wasl_up import home, wasl

KEY = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4="


@pytest.fixture
def place() -> Iterator[Path]:
    with home() as path:
        yield path


@pytest.mark.parametrize(
    ("command", "given", "told"),
    [
        (["up"], {"TOKEN_KEYS": "not-a-key"}, "TOKEN_KEYS: holds a value that is no Fernet key; make one with `wasl"),
        (["up"], {"PUBLIC_URL": "http://127.0.0.1:1/"}, "PUBLIC_URL: must not end with a slash"),
        (["up"], {"HTTP_PORT": "eighty"}, "HTTP_PORT: 'eighty' is no port number"),
        (["up"], {"ZID_CLIENT_ID": "1"}, "ZID_CLIENT_SECRET: is needed beside ZID_CLIENT_ID"),
        (["up"], {"ENVIRONMENT": "production"}, "ENVIRONMENT: `wasl up` is for trying out"),
        (["up", "--no-sandbox"], {}, "ZID_CLIENT_ID: is needed with --no-sandbox"),
        (["stores", "list"], {}, "no database: set DATABASE_URL, or start `wasl up`"),
        (["stores", "list"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "does DATABASE_URL name it?"),
        (["migrate"], {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "and Postgres running?"),
        (
            ["http"],
            {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "HTTP_PORT": "0"},
            "does DATABASE_URL name it?",
        ),
        (["consumer"], {"WASL_HANDLERS": "no_such_module"}, "WASL_HANDLERS: cannot import 'no_such_module'"),
        (["trigger", "order.create"], {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "to the sandbox only"),
        (["sandbox", "--host", "0.0.0.0"], {}, "is not a loopback address"),
        (["healthcheck"], {"HTTP_PORT": "1", "METRICS_PORT": "1"}, "nothing answers (http on 127.0.0.1:1:"),
    ],
)
def test_one_line_names_cause_and_fix(place: Path, command: list[str], given: dict[str, str], told: str) -> None:
    failed = wasl(*command, cwd=place, **given)
    assert failed.returncode == 1, failed
    assert told in failed.stderr
    assert failed.stderr.count("\n") == 1, failed.stderr
    assert failed.stderr.startswith("wasl: ")
    assert "Traceback" not in failed.stderr + failed.stdout


def test_a_setting_that_only_a_process_finds_wrong_stops_the_start(place: Path) -> None:
    failed = wasl("up", "--port", "0", "--sandbox-port", "0", cwd=place, WASL_HANDLERS="no_such_module")
    assert failed.returncode == 1
    assert "cannot start: WASL_HANDLERS: cannot import 'no_such_module'" in failed.stderr


def test_a_package_of_the_same_name_must_not_run_in_our_place(place: Path) -> None:
    planted = place / "theirs" / "core"
    planted.mkdir(parents=True)
    (planted / "__init__.py").touch()
    failed = wasl("keys", "generate", cwd=place, PYTHONPATH=f"{place}/theirs:{Path(__file__).resolve().parents[2]}")
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert str(planted) in failed.stderr
    assert str(Path(__file__).resolve().parents[2] / "core") in failed.stderr


def test_the_apps_own_packages_in_the_working_directory_are_no_clash(place: Path) -> None:
    (place / "core").mkdir()
    (place / "core" / "__init__.py").touch()
    (place / "shop.py").write_text(
        "from core.features.event_handlers import on\n"
        "@on('order.create')\n"
        "async def greet(event, ctx):\n    return None\n"
    )
    listed = wasl("handlers", "list", cwd=place, WASL_HANDLERS="shop")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "shop.greet" in listed.stdout
