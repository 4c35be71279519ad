-- transactional: false
-- What lists of the mirror are sorted, filtered and searched by. Tombstones are in none of them.
-- Ids are compared byte by byte, so that a page goes on at the same row whatever the database's locale.

CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_orders_by_time ON mirror_orders
    (store_id, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_orders_by_customer ON mirror_orders
    (store_id, customer_id, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_orders_by_status ON mirror_orders
    (store_id, status, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_orders_by_version ON mirror_orders
    (store_id, version) WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_orders_by_code ON mirror_orders
    USING gin (wasl_fold(code) gin_trgm_ops) WHERE NOT deleted;

CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_products_by_id ON mirror_products
    (store_id, entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_products_by_price ON mirror_products
    (store_id, asking_price) WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_products_by_category ON mirror_products
    USING gin (string_to_array(category_ids, ',')) WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_products_by_text ON mirror_products
    USING gin (search_text gin_trgm_ops) WHERE NOT deleted;

CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_customers_by_time ON mirror_customers
    (store_id, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_customers_by_city ON mirror_customers
    (store_id, city_folded, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_customers_by_text ON mirror_customers
    USING gin (search_text gin_trgm_ops) WHERE NOT deleted;

CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_categories_by_id ON mirror_categories
    (store_id, entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_carts_by_time ON mirror_carts
    (store_id, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
CREATE INDEX CONCURRENTLY IF NOT EXISTS mirror_carts_by_phase ON mirror_carts
    (store_id, phase, coalesce(created_at, '-infinity'), entity_id COLLATE "C") WHERE NOT deleted;
