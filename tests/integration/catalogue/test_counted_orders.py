"""Which orders count is written twice, in Python and as a column: they agree on every status there is."""

from itertools import product

import psycopg

from core.domain.customer_facts import UNCOUNTED_PAYMENTS, UNCOUNTED_STATUSES, counts
from core.domain.order_status import canonical_status
from tests.servers import Database

STATUSES = sorted({"new", "preparing", "ready", "indelivery", "delivered", "processed", "initial"} | UNCOUNTED_STATUSES)
PAYMENTS = sorted({"pending", "paid", "partially_refunded"} | UNCOUNTED_PAYMENTS)


def test_the_column_is_the_rule(database: Database) -> None:
    pairs = list(product([None, "", *STATUSES], [None, "", *PAYMENTS]))
    with psycopg.connect(database.owner_dsn) as owner:
        for number, pair in enumerate(pairs):
            owner.execute(
                "INSERT INTO mirror_orders (store_id, entity_id, status, payment_status) VALUES (1, %s, %s, %s)",
                [str(number), *pair],
            )
        found = owner.execute("SELECT counts FROM mirror_orders ORDER BY entity_id::int").fetchall()
    assert [row[0] for row in found] == [counts(*pair) for pair in pairs]


def test_the_rule_names_statuses_as_the_mirror_spells_them() -> None:
    assert {canonical_status(status) for status in UNCOUNTED_STATUSES} == UNCOUNTED_STATUSES
