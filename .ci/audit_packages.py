"""Known vulnerabilities of what the lock files pin, by pip-audit; see .ci/audit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

PATIENCE = 120
LOCKS = ("requirements.txt", "requirements-dev.txt")
Package = Mapping[str, Any]


def ask() -> Sequence[Package]:
    """What is known of each package; nothing where nobody answers."""
    wanted = [argument for lock in LOCKS for argument in ("--requirement", lock)]
    command = [sys.executable, "-m", "pip_audit", *wanted, "--no-deps", "--disable-pip", "--format", "json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        return list(json.loads(done.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return []


def main(*, strict: bool) -> int:
    packages = ask()
    holes = [(package, hole) for package in packages for hole in package.get("vulns", ())]
    for package, hole in holes:
        fixed = ", ".join(hole["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}")
    unknown = [package["name"] for package in packages if "vulns" not in package]
    if len(unknown) == len(packages):
        print("!!! NOT AUDITED: nobody here tells of vulnerabilities (no network, or an index that lacks them) !!!")
        return int(strict)
    if unknown:
        print(f"!!! nothing is known of {', '.join(unknown)} !!!")
    if not holes:
        print(f"no known vulnerability in {len(packages) - len(unknown)} packages")
    return int(bool(holes) or (strict and bool(unknown)))


if __name__ == "__main__":
    sys.exit(main(strict="--strict" in sys.argv[1:]))
