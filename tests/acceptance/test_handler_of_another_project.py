"""An app's own test of its handler, as the documents show it."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_documented_test_of_a_handler_passes_in_a_project_of_its_own(tmp_path: Path) -> None:
    """In a fresh pytest of an app that has Wasl installed, found by the name it is registered under."""
    section = (ROOT / "docs/handlers.md").read_text().split("## Testing a handler")[1]
    handlers, tests = re.findall(r"```python\n(.*?)```", section, re.DOTALL)[:2]
    (tmp_path / "shop.py").write_text(handlers)
    (tmp_path / "test_shop.py").write_text(tests)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "WASL"))}
    plugins = ("-p", "wasl", "-p", "asyncio", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *plugins, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
