"""Every command that a document names exists, with the options that it names."""

import re
import shlex
from importlib import import_module

import pytest
from typer._click import Command
from typer.main import get_command

from entrypoints.cli.app import SECTIONS, module_of
from tests.documents import BLOCK, DOCUMENTS, LANGUAGES, ROOT, blocks, commands

FOUND = sorted(set(commands()))
KNOWN = {name for section in SECTIONS.values() for name in section}


@pytest.mark.parametrize(("document", "line"), FOUND, ids=lambda part: part)
def test_a_documented_command_exists(document: str, line: str) -> None:
    words = [word for word in shlex.split(line.replace("…", "")) if word][1:]
    assert words[0] in KNOWN, f"{document}: there is no `wasl {words[0]}`"
    for name in words[0].split("|"):
        check(get_command(import_module(module_of(name)).app), words[1:], document, line)


def check(command: Command, words: list[str], document: str, line: str) -> None:
    """Goes down the group's members by the words; each option must be one of the last command's."""
    members: dict[str, Command] = getattr(command, "commands", {})
    if members and words and not words[0].startswith("-"):
        for name in words[0].split("|"):  # `stores export|erase`
            assert name in members, f"{document}: `{line}`: {name!r} is none of {', '.join(members)}"
            check(members[name], words[1:], document, line)
        return
    options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    named = {word.split("=")[0] for word in words if re.match(r"--[a-z]", word)}
    assert named <= options, f"{document}: `{line}` has no option {', '.join(sorted(named - options))}"


def test_every_block_says_what_it_is() -> None:
    odd = [f"{block}: {block.language}" for block in blocks() if block.language not in LANGUAGES]
    assert odd == []


def test_every_fence_is_closed() -> None:
    for path in DOCUMENTS:
        text = BLOCK.sub("", path.read_text(encoding="utf-8"))
        assert "\n```" not in text, path.relative_to(ROOT)
