-- The mirror: every entity as last seen, guarded by a version watermark.
-- `facts` is what changes are derived from, `body` Zid's own JSON, the rest what lists filter by.

CREATE TABLE mirror_orders (
    store_id bigint NOT NULL, entity_id text NOT NULL,
    version timestamptz, deleted boolean NOT NULL DEFAULT false, facts jsonb NOT NULL DEFAULT '{}', body bytea,
    seen_at timestamptz NOT NULL DEFAULT now(),
    code text, status text, payment_status text, total numeric, currency text, customer_id text, created_at timestamptz,
    PRIMARY KEY (store_id, entity_id)
);
CREATE TABLE mirror_products (
    store_id bigint NOT NULL, entity_id text NOT NULL,
    version timestamptz, deleted boolean NOT NULL DEFAULT false, facts jsonb NOT NULL DEFAULT '{}', body bytea,
    seen_at timestamptz NOT NULL DEFAULT now(),
    name_ar text, name_en text, sku text, price numeric, currency text, quantity bigint, is_infinite boolean, is_published boolean,
    PRIMARY KEY (store_id, entity_id)
);
CREATE TABLE mirror_customers (
    store_id bigint NOT NULL, entity_id text NOT NULL,
    version timestamptz, deleted boolean NOT NULL DEFAULT false, facts jsonb NOT NULL DEFAULT '{}', body bytea,
    seen_at timestamptz NOT NULL DEFAULT now(),
    name text, email text, mobile text, city text, created_at timestamptz,
    PRIMARY KEY (store_id, entity_id)
);
CREATE TABLE mirror_categories (
    store_id bigint NOT NULL, entity_id text NOT NULL,
    version timestamptz, deleted boolean NOT NULL DEFAULT false, facts jsonb NOT NULL DEFAULT '{}', body bytea,
    seen_at timestamptz NOT NULL DEFAULT now(),
    name_ar text, name_en text, parent_id text, is_published boolean,
    PRIMARY KEY (store_id, entity_id)
);
CREATE TABLE mirror_carts (
    store_id bigint NOT NULL, entity_id text NOT NULL,
    version timestamptz, deleted boolean NOT NULL DEFAULT false, facts jsonb NOT NULL DEFAULT '{}', body bytea,
    seen_at timestamptz NOT NULL DEFAULT now(),
    phase text, customer_id text, total numeric, created_at timestamptz,
    PRIMARY KEY (store_id, entity_id)
);

ALTER TABLE mirror_orders ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE mirror_products ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE mirror_customers ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE mirror_categories ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE mirror_carts ALTER COLUMN body SET STORAGE EXTERNAL;
