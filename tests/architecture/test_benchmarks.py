"""The benchmarks can be asked, and the page shows what they found."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import page, report, run
from benchmarks.rounds import Figure

TREE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", run.BENCHMARKS)
def test_each_benchmark_answers_the_runner(name: str) -> None:
    source = (TREE / "benchmarks" / f"{name}.py").read_text()
    assert "def benchmark(scale: Scale) -> Report:" in source
    assert "told(benchmark)" in source


def test_the_page_shows_what_was_measured() -> None:
    assert page.placed(page.PAGE.read_text(), page.rendered(page.known())) == page.PAGE.read_text()


def test_a_page_is_made_of_a_report() -> None:
    found = report.Report(
        series=[report.Series("Taken in", "requests/s", [Figure("bare", (900.0, 1000.0)), Figure("wasl", (500.0,))])],
        goals=[report.at_least("ingest to bare", {"median": 0.5, "min": 0.4, "max": 0.6}, 0.75, stretch=0.85)],
        facts={"events": 10_000, "by_kind": {"order": 1}},
        checked=["every 200 is in the ledger"],
        versions={"arq": "1"},
    )
    one = {"about": "Ingest", "state": run.state(found.shown()), "seconds": 1.0, "commit": "abc", **found.shown()}
    measured = page.rendered([{"scale": "usual", "machine": MACHINE, "versions": {}, "benchmarks": {"ingest": one}}])
    assert "| [ingest to bare](#ingest) | 0.5× | 0.4 to 0.6 | ≥ 0.75×, stretch 0.85 | **no** |" in measured
    assert f"| bare | 950 | 900 to 1,000 | `{'█' * page.BAR}` |" in measured
    assert "every 200 is in the ledger" in measured


MACHINE = {"cores": 2, "cpu": "a processor", "memory_gb": 8, "system": "Linux", "fdatasync_us": 100}


@pytest.mark.parametrize(
    ("states", "scale", "code"),
    [
        (("reached", "measured"), report.Scale.USUAL, 0),
        (("reached", "below"), report.Scale.USUAL, 1),
        (("below",), report.Scale.QUICK, 0),
        (("failed", "reached"), report.Scale.QUICK, 1),
    ],
)
def test_only_what_was_promised_decides_the_exit_code(states: tuple[str, ...], scale: report.Scale, code: int) -> None:
    assert run.code_of({str(number): {"state": state} for number, state in enumerate(states)}, scale) == code


def test_the_runner_runs_a_benchmark_and_keeps_nothing_of_a_quick_one(capfd: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.RESULTS.values() if path.exists()}
    assert run.main(["starting", "--scale", "quick"]) == 0
    assert "ran       starting" in capfd.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in run.RESULTS.values() if path.exists()} == before
