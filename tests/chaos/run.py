"""One chaos run: a load from many stores, blows while it lasts, and what must be true in the end."""

import random
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.acceptance.story import send
from tests.chaos.arena import PATIENCE, Arena, all_run, arena, waited_for
from tests.chaos.blows import ANYWHERE, WITH_REDIS, Blow, Force
from tests.mirror_and_world import differences

PARTS = {
    "order.create": 0.40,
    "order.status.update": 0.20,
    "product.update": 0.15,
    "customer.create": 0.15,
    "customer.update": 0.10,
}
"""What of the load is what."""
FAULTS = (("drop_webhook", 0.05), ("duplicate_webhook", 0.05), ("reorder_webhooks", 0.10))
UNFINISHED = ("queued", "running", "waiting")


@dataclass(frozen=True)
class Plan:
    """`rate` is events a second in all stores together; `in_memory` where the servers keep what they hold."""

    seed: int
    seconds: float
    rate: float
    force: Force
    stores: int = 20
    redis: bool = True
    in_memory: bool = True
    longest_pause: float = 3.0

    def times(self, event: str) -> int:
        """How often it happens in each store."""
        return max(1, round(self.seconds * self.rate * PARTS[event] / self.stores))

    @property
    def events(self) -> int:
        return self.stores * sum(self.times(event) for event in PARTS)

    @property
    def patience(self) -> float:
        """Seconds for what is left when the blows are over: a machine may be too slow for the rate by half."""
        return PATIENCE + self.seconds

    def blows(self, chance: random.Random) -> Iterator[Blow]:
        """Every one in each round, in any order."""
        every = [*ANYWHERE, *(WITH_REDIS if self.redis else ())]
        while True:
            yield from chance.sample(every, len(every))


def chaos(plan: Plan) -> None:
    """Fails when anything was lost or happened twice. Tells its seed and every blow."""
    print(f"\nchaos: seed {plan.seed}, {plan.events} events in {plan.seconds:.0f} s, redis: {plan.redis}", flush=True)
    with arena(redis=plan.redis, in_memory=plan.in_memory) as place:
        try:
            stores = pour(place, plan)
            strike(place, plan)
            came_to_rest(place, plan)
            assert_nothing_was_lost_or_repeated(place)
            reconcile(place, stores, plan.patience)
            assert_the_mirror_is_the_world(place, stores)
        except BaseException:
            tell_what_was_said(place)
            raise


def tell_what_was_said(arena: Arena) -> None:
    """Work that is left, and the last words of every process: both are gone with the arena."""
    logs = [*(arena.service.data_dir / "logs").glob("*.log"), *arena.service.up.home.glob("*.log")]
    for log in sorted(logs):
        lines = [line for line in log.read_text(errors="replace").splitlines() if '"level":"info"' not in line]
        print(f"--- {log.name}", *(line[:1500] for line in lines[-5:]), sep="\n", flush=True)
    for table in ("runs", "events", "workers"):
        unfinished = "" if table == "workers" else "WHERE state IN ('queued', 'running', 'waiting')"
        rows = arena.service.sql(f"SELECT to_jsonb(t) - 'body' FROM {table} t {unfinished} LIMIT 20")
        print(f"--- {table}", *(row for (row,) in rows), sep="\n", flush=True)


def pour(arena: Arena, plan: Plan) -> Sequence[int]:
    """Installs the stores and lets things happen in them, evenly; does not wait for them."""
    sandbox = arena.service.sandbox
    stores = [sandbox.new_store(orders=10, customers=5) for _ in range(plan.stores)]
    arena.service.install(*stores)
    for kind, probability in FAULTS:
        sandbox.ask("POST", "/faults", {"route": "*", "kind": kind, "probability": probability, "seconds": 2.0})
    for store in stores:
        for event in PARTS:
            sandbox.trigger(store, event, plan.times(event), rate=plan.times(event) / plan.seconds)
    return stores


def strike(arena: Arena, plan: Plan) -> None:
    chance, began = random.Random(plan.seed), time.monotonic()
    for blow in plan.blows(chance):
        time.sleep(chance.uniform(0.3, plan.longest_pause))
        if time.monotonic() - began > plan.seconds:
            return
        said = blow(arena, chance, plan.force)
        print(f"{time.monotonic() - began:7.1f} s  {said}", flush=True)


def came_to_rest(arena: Arena, plan: Plan) -> None:
    """By itself: everything that was to happen has, Zid has nothing left to deliver, and all of it is handled."""
    sandbox, service, patience = arena.service.sandbox, arena.service, plan.patience
    arena.calm_down()
    assert waited_for(lambda: sum(sandbox.stats()["events"].values()) >= plan.events, seconds=patience), (
        sandbox.stats()["events"]
    )
    sandbox.ask("DELETE", "/faults", {})
    assert sandbox.has_delivered(seconds=patience), sandbox.stats()["deliveries"]
    assert waited_for(lambda: all_run(arena))
    assert waited_for(lambda: all_is_handled(arena), seconds=patience), service.try_books()
    assert waited_for(lambda: all_is_read(arena), seconds=patience), service.sql(
        "SELECT kind, state, count(*) FROM backfills GROUP BY 1, 2"
    )
    assert waited_for(lambda: all_gaps_are_read(arena), seconds=patience), gaps(arena)
    assert service.has_settled(received=0, seconds=patience), service.try_books()


def all_is_handled(arena: Arena) -> bool:
    books = arena.service.try_books()
    every = [books, *books.get("by_origin", {}).values()]
    return bool(books) and not books["spooled"] and not any(one.get(state) for one in every for state in UNFINISHED)


def all_is_read(arena: Arena) -> bool:
    """The backfills of the installs have ended."""
    return {state for (state,) in arena.service.sql("SELECT DISTINCT state FROM backfills")} <= {"done"}


def all_gaps_are_read(arena: Arena) -> bool:
    """What was turned away was read from Zid by itself, and has been handled."""
    unfinished = arena.service.sql(
        "SELECT count(*) FROM reconciliations WHERE state NOT IN ('done', 'failed', 'cancelled')"
    )
    return not gaps(arena) and unfinished == [(0,)] and all_is_handled(arena)


def gaps(arena: Arena) -> list[tuple[object, ...]]:
    return arena.service.sql(
        "SELECT store_id, topic, cause, count(*) FROM gaps WHERE closed_at IS NULL GROUP BY 1, 2, 3"
    )


def assert_nothing_was_lost_or_repeated(arena: Arena) -> None:
    service, at_zid = arena.service, arena.service.sandbox.stats()
    deliveries, books = at_zid["deliveries"], service.books()
    assert at_zid["webhooks"]["broken"] == 0
    assert deliveries["received_5xx"] == 0, deliveries["by_status"]
    assert deliveries["discarded"] == 0, deliveries
    if "429" not in deliveries["by_status"]:  # an overloaded machine may turn away; what that cost is reconciled below
        assert deliveries["exhausted"] == 0, deliveries
        assert books["received"] == deliveries["distinct"], (books, deliveries)
    assert deliveries["distinct"] >= books["received"] >= deliveries["distinct_acknowledged"], (books, deliveries)
    assert books["balanced"] is True
    assert not books.get("dead"), service.sql(
        "SELECT topic, reason, count(*) FROM events WHERE state='dead' GROUP BY 1,2"
    )
    assert_each_effect_was_kept_once(arena)
    assert_only_what_was_interrupted_was_told_twice(arena)
    assert service.up.wasl("verify").returncode == 0


def assert_each_effect_was_kept_once(arena: Arena) -> None:
    for handler in ("greeting", "status"):
        rows = arena.service.sql("SELECT event_id::text FROM chaos_effects WHERE handler = %s", handler)
        runs = arena.service.sql("SELECT event_id::text, state FROM runs WHERE handler LIKE %s", f"%%.{handler}")
        assert {state for _, state in runs} == {"done"}, Counter(state for _, state in runs)
        kept = Counter(event for (event,) in rows)
        assert set(kept) == {event for event, _ in runs}
        assert max(kept.values()) == 1, kept.most_common(3)


def assert_only_what_was_interrupted_was_told_twice(arena: Arena) -> None:
    """A call elsewhere is repeated, under the same key, where its process was hurt or its database away.

    Or where it stood still for longer than its lease, which the ledger knows: a machine may be that slow.
    """
    lost = arena.service.sql("SELECT event_id::text FROM attempts WHERE outcome IN ('lost', 'given_back')")
    stalled = {event for (event,) in lost}
    for key, calls in arena.elsewhere.repeated().items():
        for call in calls[:-1]:
            was_away = any(since <= call.at <= until for since, until in arena.outages)
            assert call.pid in arena.hurt or was_away or call.event in stalled, (key, calls)


def reconcile(arena: Arena, stores: Sequence[int], patience: float) -> None:
    """One sweep over every store."""
    headers = {"Authorization": f"Bearer {arena.service.up.admin_key}"}
    for store in stores:
        asked = send("POST", f"{arena.service.up.url}/v1/stores/{store}/reconciliation", b"", headers)
        assert asked.status == 202, asked
    for store in stores:
        assert waited_for(lambda store=store: latest(arena, store)["state"] == "done", seconds=patience), latest(
            arena, store
        )
    assert waited_for(lambda: all_is_handled(arena), seconds=patience), arena.service.try_books()
    missed: Counter[str] = Counter()
    for store in stores:
        missed.update(latest(arena, store)["missed"])
    print(f"reconciled: {dict(missed)}; dropped {arena.service.sandbox.stats()['deliveries']['dropped']}", flush=True)


def latest(arena: Arena, store: int) -> dict[str, object]:
    return dict(arena.service.call("GET", f"/v1/stores/{store}/reconciliation").json["items"][0])


def assert_the_mirror_is_the_world(arena: Arena, stores: Sequence[int]) -> None:
    service = arena.service
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda store: differences(service.sandbox.ask, service.sql, store), stores))
    unlike = {store: lines for store, lines in zip(stores, found, strict=True) if lines}
    assert not unlike, {store: lines[:5] for store, lines in unlike.items()}
    assert service.books()["balanced"] is True
    assert_each_effect_was_kept_once(arena)
    assert_statuses_are_chains(arena)


def assert_statuses_are_chains(arena: Arena) -> None:
    """Of each order every step follows on the one before, and the last leads to what the mirror holds."""
    rows = arena.service.sql(
        "SELECT store_id, entity_id, convert_from(body, 'UTF8')::jsonb FROM events "
        "WHERE topic = 'order.status_changed' ORDER BY seq"
    )
    steps: defaultdict[tuple[int, str], list[dict[str, str]]] = defaultdict(list)
    for store, entity, body in rows:
        steps[store, entity].append(body)
    ends = {
        (store, entity): status
        for store, entity, status in arena.service.sql("SELECT store_id, entity_id, status FROM mirror_orders")
    }
    assert steps
    for order, changes in steps.items():
        assert [one["old"] for one in changes[1:]] == [one["new"] for one in changes[:-1]], (order, changes)
        assert changes[-1]["new"] == ends[order], (order, changes, ends[order])
