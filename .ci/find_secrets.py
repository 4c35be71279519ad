"""Are there secrets in the tree? Prints where, and ends with 1.

Looks for what has a form of its own: those tools that know more forms take a minute for it here, and are left out.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
FORMS: Final = {
    "private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+\S{60}"),
    "JSON web token": re.compile(r"\beyJ[\w-]{30,}\.eyJ[\w-]{100,}\.[\w-]{40,}"),
    "AWS key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{82})\b"),
    "Slack token": re.compile(r"\bxox[abpr]-[0-9A-Za-z-]{20,}"),
}
"""Looked for everywhere."""
OURS: Final = {
    "API key of ours": re.compile(r"\bwasl_(?=\w*[0-9])(?=\w*[a-z])(?=\w*[A-Z])[\w-]{40,}"),
    "Fernet key": re.compile(r"(?<![\w/+=-])(?=[\w-]*[0-9])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{43}=(?!=)"),
    "password in an address": re.compile(r"\b\w+://[^\s:/@\"'{<]+:(?!\w{0,12}@)[^\s:/@\"'{<$]+@[\w.-]+"),
}
"""Not in tests, which are full of made-up ones. A password that is a word of a dozen letters is a placeholder."""
TESTS: Final = ("tests/", "examples/", "benchmarks/")
HASHES: Final = ("requirements",)
HIDDEN: Final = (".ci", ".env.example")


def tracked() -> Sequence[str]:
    """What is, or would be, committed; in a copy without git everything but what a run leaves behind."""
    git = ("git", "ls-files", "--cached", "--others", "--exclude-standard")
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = listed.stdout.splitlines()
    else:
        names = [str(path) for path in (one.relative_to(ROOT) for one in ROOT.rglob("*")) if not _left_behind(path)]
    return [name for name in names if not name.startswith(HASHES) and (ROOT / name).is_file()]


def _left_behind(path: Path) -> bool:
    return any(part == "__pycache__" or (part.startswith(".") and part not in HIDDEN) for part in path.parts)


def suspects(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Line and kind of whatever looks like a secret."""
    forms = FORMS if name.startswith(TESTS) else {**FORMS, **OURS}
    for kind, form in forms.items():
        for found in form.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, kind


def main() -> int:
    count = 0
    for name in tracked():
        text = (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for line, kind in suspects(name, text):
            print(f"{name}:{line}: looks like a {kind}: take it out")
            count += 1
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
