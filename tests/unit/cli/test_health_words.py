"""What `wasl healthcheck` shows of what a process says."""

from entrypoints.cli.health_words import lines

WELL = {"ok": True, "seconds": 0.0021, "deadline_seconds": 2.0, "seconds_since_success": 0.0, "problem": None}
LOOP = {"ok": True, "every_seconds": 1.0, "seconds_in_step": None, "seconds_since_step": 0.1, "problem": None}


def said(told: dict[str, object]) -> list[str]:
    return list(lines("consumer", "127.0.0.1:9101", told))


def test_a_ready_process_shows_what_it_needs_and_that_its_loops_go_on() -> None:
    told: dict[str, object] = {"status": "ready", "checks": {"postgres": WELL}, "loops": {"events": LOOP, "runs": LOOP}}
    assert said(told) == [
        "consumer on 127.0.0.1:9101: ready",
        "  postgres    ok, 2 ms",
        "  loops       all 2 go on",
    ]


def test_what_fails_is_named_with_its_age() -> None:
    redis = {**WELL, "ok": False, "problem": "no answer within 2 s", "seconds_since_success": 12.4}
    lease = {**WELL, "ok": False, "problem": "LostClaim", "seconds_since_success": None}
    stuck = {**LOOP, "ok": False, "seconds_in_step": 901.0}
    failing = {**LOOP, "ok": False, "problem": "KeyError", "seconds_since_success": 70.2}
    told: dict[str, object] = {
        "status": "not_ready",
        "checks": {"redis": redis, "lease": lease},
        "loops": {"runs": LOOP, "events": stuck, "rings": failing},
    }
    assert said(told) == [
        "consumer on 127.0.0.1:9101: not ready",
        "  redis       NOT ok: no answer within 2 s; last answered 12 s ago",
        "  lease       NOT ok: LostClaim; has not answered yet",
        "  events      NOT ok: in one step for 901.0 s",
        "  rings       NOT ok: KeyError; last succeeded 70 s ago",
    ]


def test_alive_is_one_line() -> None:
    assert said({"status": "alive"}) == ["consumer on 127.0.0.1:9101: alive"]


def test_another_program_on_the_port_is_not_taken_for_ours() -> None:
    assert said({}) == ["consumer on 127.0.0.1:9101: what answers there is not wasl"]
