"""Twenty thousand rows of each kind in the mirror, one store of ten among them busy."""

from datetime import UTC, datetime

import psycopg
from psycopg.rows import TupleRow

from core.ids import StoreId

BUSY = StoreId(1)
"""Has half of all rows; nine others share the rest."""

FIRST_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_STORE = "CASE WHEN n %% 2 = 0 THEN 1 ELSE 2 + n %% 9 END"
_AT = "timestamptz '2026-01-01' + n * interval '1 minute'"

_FILL = (
    f"""
    INSERT INTO mirror_orders (store_id, entity_id, version, facts, body, code, status, payment_status, total,
                               currency, customer_id, created_at)
    SELECT {_STORE}, n::text, {_AT}, '{{}}', '{{}}', 'ZID-' || n, (ARRAY['new', 'ready', 'delivered'])[1 + n %% 3],
           'paid', n %% 500, 'SAR', (n %% 4000)::text, {_AT}
    FROM generate_series(1, %(rows)s) AS n
    """,
    f"""
    INSERT INTO mirror_products (store_id, entity_id, version, facts, body, name_ar, name_en, sku, price, quantity,
                                 is_infinite, is_published, category_ids)
    SELECT {_STORE}, n::text, {_AT}, '{{}}', '{{}}',
           'منتج ' || left(md5(n::text), 6), 'Thing ' || left(md5((n + 1)::text), 6),
           'SKU-' || n, n, n %% 7, false, true, (n %% 300)::text || ',' || (300 + n %% 40)::text
    FROM generate_series(1, %(rows)s) AS n
    """,
    f"""
    INSERT INTO mirror_customers (store_id, entity_id, version, facts, body, name, email, mobile, city, created_at)
    SELECT {_STORE}, n::text, {_AT}, '{{}}', '{{}}',
           left(md5(n::text), 6), n || '@example.com', '9665' || (50000000 + n),
           (ARRAY['الرياض', 'جدة', 'أبها', 'الدمام'])[1 + n %% 4], {_AT}
    FROM generate_series(1, %(rows)s) AS n
    """,
    f"""
    INSERT INTO mirror_categories (store_id, entity_id, version, facts, body, name_ar)
    SELECT {_STORE}, n::text, {_AT}, '{{}}', '{{}}', 'ق' || n FROM generate_series(1, %(rows)s) AS n
    """,
    f"""
    INSERT INTO mirror_carts (store_id, entity_id, version, facts, body, phase, created_at)
    SELECT {_STORE}, n::text, {_AT}, '{{}}', '{{}}', (ARRAY['new', 'login', 'completed'])[1 + n %% 3], {_AT}
    FROM generate_series(1, %(rows)s) AS n
    """,
    f"""
    INSERT INTO stock_movements (store_id, event_id, product_id, at, before, after, delta, infinite)
    SELECT {_STORE}, gen_random_uuid(), (n %% 500)::text, {_AT}, 1, 2, 1, false FROM generate_series(1, %(rows)s) AS n
    """,
)


def crowd(owner: psycopg.Connection[TupleRow], rows: int = 20_000) -> None:
    for statement in _FILL:
        owner.execute(statement.encode(), {"rows": rows})
    owner.execute("VACUUM (ANALYZE)")
