"""What the shell offers while a command is typed."""

import pytest
from typer._completion_classes import BashComplete
from typer.main import get_command

from entrypoints.cli.app import app


def offered(*words: str) -> set[str]:
    *before, begun = words
    shell = BashComplete(get_command(app), {}, "wasl", "_WASL_COMPLETE")
    return {item.value for item in shell.get_completions(before, begun)}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sto"], {"stores"}),
        (["stores", "re"], {"refresh", "resume", "revoke", "reconcile"}),
        (["events", "list", "--state", "d"], {"done", "dead"}),
        (["events", "list", "--topic", "product."], {f"product.{what}" for what in ("create", "update", "publish")}),
        (["healthcheck", "con"], {"consumer"}),
        (["migrate", "v"], {"verify"}),
    ],
)
def test_commands_states_and_topics_are_offered(words: list[str], expected: set[str]) -> None:
    assert offered(*words) >= expected
    assert all(value.startswith(words[-1]) for value in offered(*words))


def test_the_apps_own_handlers_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASL_HANDLERS", "examples.courier_app.handlers")
    assert any("book_a_courier" in name for name in offered("dead", "list", "--handler", ""))


def test_handlers_that_cannot_be_loaded_are_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WASL_HANDLERS", "no_such_module")
    assert offered("dead", "list", "--handler", "") == set()
