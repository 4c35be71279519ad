"""Which subscriptions to keep, make and remove."""

from hypothesis import given
from hypothesis import strategies as st

from core.domain.operations.webhooks import Subscription
from core.domain.subscription_plan import original_ids, plan_subscriptions, served

IDS = original_ids("7367")
EVENTS = ("order.create", "product.update", "customer.create")
WANTED = {event: f"https://x.example/{event}" for event in EVENTS}


def sub(event: str, original_id: str | None = IDS[0], url: str | None = None, **more: object) -> Subscription:
    fields = {"active": True, "health": None, **more}
    return Subscription(f"{event}-{original_id}", event, url or WANTED[event], original_id, **fields)  # type: ignore[arg-type]


def test_the_two_ids_are_the_app_id_and_its_md5() -> None:
    assert original_ids("1") == ("1", "c4ca4238a0b923820dcc509a6f75849b")


def test_an_empty_store_gets_everything_under_the_app_id() -> None:
    plan = plan_subscriptions([], WANTED, IDS)
    assert (plan.original_id, plan.clear_first, plan.keep, plan.remove) == (IDS[0], False, (), None)
    assert plan.create == tuple(sorted(EVENTS))


def test_a_complete_set_stays() -> None:
    plan = plan_subscriptions([sub(event) for event in EVENTS], WANTED, IDS)
    assert (plan.create, plan.keep, plan.remove) == ((), tuple(sorted(EVENTS)), None)


def test_what_is_missing_is_added_beside_what_is_right() -> None:
    plan = plan_subscriptions([sub("order.create", IDS[1])], WANTED, IDS)
    assert (plan.original_id, plan.keep, plan.clear_first) == (IDS[1], ("order.create",), False)


def test_an_older_installs_set_is_replaced_under_the_other_id() -> None:
    old = [sub(event, url=f"https://x.example/old/{event}") for event in EVENTS]
    plan = plan_subscriptions(old, WANTED, IDS)
    assert (plan.original_id, plan.clear_first, plan.remove) == (IDS[1], False, IDS[0])


def test_what_a_crash_left_half_made_is_completed() -> None:
    old = [sub(event, url=f"https://x.example/old/{event}") for event in EVENTS]
    plan = plan_subscriptions([*old, sub("order.create", IDS[1])], WANTED, IDS)
    assert (plan.original_id, plan.keep, plan.remove) == (IDS[1], ("order.create",), IDS[0])


def test_where_both_places_are_wrong_the_poorer_one_is_cleared() -> None:
    old = [sub("order.create", place, url="https://x.example/old") for place in IDS]
    plan = plan_subscriptions([*old, sub("product.update", IDS[0])], WANTED, IDS)
    assert (plan.original_id, plan.clear_first, plan.remove) == (IDS[1], True, IDS[0])


def test_dead_and_double_subscriptions_do_not_count_as_right() -> None:
    for wrong in (sub("order.create", active=False), sub("order.create", health="broken")):
        assert served([wrong], WANTED, IDS[0]) == frozenset()
    twice = [*(sub(event) for event in EVENTS), sub("order.create")]
    assert plan_subscriptions(twice, WANTED, IDS).original_id == IDS[1]


def test_subscriptions_of_others_are_left_alone() -> None:
    foreign = [sub("order.create", "another-app"), sub("order.create", None)]
    plan = plan_subscriptions(foreign, WANTED, IDS)
    assert (plan.clear_first, plan.remove) == (False, None)


subscriptions = st.builds(
    Subscription,
    id=st.uuids().map(str),
    event=st.sampled_from((*EVENTS, "category.create")),
    target_url=st.sampled_from((*WANTED.values(), "https://x.example/old")),
    original_id=st.sampled_from((*IDS, "another-app", None)),
    active=st.booleans(),
    health=st.sampled_from(("healthy", "degraded", "broken", None)),
)


@given(st.lists(subscriptions, max_size=12))
def test_following_the_plan_leads_to_exactly_the_wanted_set_and_a_plan_of_nothing(listed: list[Subscription]) -> None:
    plan = plan_subscriptions(listed, WANTED, IDS)
    standing = [one for one in listed if not (plan.clear_first and one.original_id == plan.original_id)]
    standing += [sub(event, plan.original_id) for event in plan.create]
    assert served(standing, WANTED, plan.original_id) == set(WANTED)
    standing = [one for one in standing if plan.remove is None or one.original_id != plan.remove]
    ours = [one for one in standing if one.original_id in IDS]
    assert sorted(one.event for one in ours) == sorted(WANTED)
    again = plan_subscriptions(standing, WANTED, IDS)
    assert (again.create, again.clear_first, again.remove) == ((), False, None)
