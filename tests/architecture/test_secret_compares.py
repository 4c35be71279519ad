"""Secrets are compared in constant time, in one place: `==` on them fails here, with its line."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("core", "adapters", "config", "entrypoints")
THE_PLACE = ROOT / "core" / "domain" / "secret.py"
SOUNDS_SECRET = re.compile(
    r"(^|_)(secrets?|passwords?|passphrase|mac|hmac|signature|csrf|credentials?|cookie|otp"
    r"|(api|admin|session|token|fernet|webhook|ring|data|sealing)_keys?"
    r"|(access|refresh|manager|install|form|session|bearer|embedded|authorization)_tokens?)$"
)
"""Names whose values only their holders may know."""


@dataclass(frozen=True)
class Compared:
    """A comparison that tells by its time how much of a guess was right."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.text}"


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py") if path != THE_PLACE)


def secret_names(tree: ast.AST) -> frozenset[str]:
    """What this module declares to be of the type Secret: parameters, attributes, variables."""
    found = set()
    for node in ast.walk(tree):
        match node:
            case ast.arg(arg=name, annotation=annotation) if annotation is not None and _is_secret(annotation):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if _is_secret(annotation):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="Secret"))):
                found.add(name)
    return frozenset(found)


def _is_secret(annotation: ast.expr) -> bool:
    return bool(re.search(r"\bSecret\b", ast.unparse(annotation)))


def is_secret(node: ast.expr, declared: frozenset[str]) -> bool:
    """Whether the value is a secret, by its type where the module says it, else by its name."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in declared or bool(SOUNDS_SECRET.search(name))
        case ast.Call(func=ast.Attribute(attr="reveal")):
            return True
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return bool(SOUNDS_SECRET.search(name))
        case ast.Call(func=ast.Attribute(value=inner)) | ast.Subscript(value=inner) | ast.Await(value=inner):
            return is_secret(inner, declared)
    return False


def harmless(node: ast.expr) -> bool:
    """Nothing is told by comparing with what everybody knows: None, a literal, a member of an enum."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Attribute) and node.attr.isupper())


def compared_secrets(source: str, path: Path) -> Iterator[Compared]:
    tree = ast.parse(source)
    declared = secret_names(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = pairwise([node.left, *node.comparators])
        if any(_leaks(operator, *pair, declared) for operator, pair in zip(node.ops, sides, strict=True)):
            yield Compared(path, node.lineno, ast.unparse(node))


def _leaks(operator: ast.cmpop, left: ast.expr, right: ast.expr, declared: frozenset[str]) -> bool:
    if harmless(left) or harmless(right):
        return False
    match operator:
        case ast.Eq() | ast.NotEq():
            return is_secret(left, declared) or is_secret(right, declared)
        case ast.In() | ast.NotIn():
            return is_secret(left, declared)
    return False


def test_no_secret_is_compared_with_an_operator() -> None:
    found = [str(one) for path in modules() for one in compared_secrets(path.read_text(encoding="utf-8"), path)]
    assert not found, "compare secrets with `same` or `matches_any` of core.domain.secret:\n" + "\n".join(found)


def test_one_module_knows_how_to_compare_in_constant_time() -> None:
    found = [str(path.relative_to(ROOT)) for path in modules() if "compare_digest" in path.read_text(encoding="utf-8")]
    assert found == []
    assert "hmac.compare_digest" in THE_PLACE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "risky",
    [
        "def f(given: str, key: Secret): return key == given",
        "def f(given: str, key: Secret): return given != key.reveal()",
        "def f(given, ring: tuple[Secret, ...]): return given == ring[0]",
        "class A:\n    wanted: Secret | None\n    def f(self, given): return given == self.wanted",
        "def f(request, password): return password == request['password']",
        "def f(given, self): return self.csrf == given",
        "def f(given): return mac_of(given).hex() == given.mac",
        "def f(refresh_token, known): return refresh_token in known",
    ],
)
def test_a_comparison_that_leaks_is_found(risky: str) -> None:
    assert list(compared_secrets(risky, THE_PLACE))


@pytest.mark.parametrize(
    "fine",
    [
        "def f(key: Secret | None): return key is None",
        "def f(key: Secret | None, given): return key is not None and same(key.reveal(), given)",
        "def f(install_token): return install_token == ''",
        "def f(rows, key_id): return [row for row in rows if row.key_id == key_id]",
        "def f(segment): return segment.token_kind == 'word'",
    ],
)
def test_what_tells_nothing_is_allowed(fine: str) -> None:
    assert not list(compared_secrets(fine, THE_PLACE))
