-- What Zid lacks, answered from the mirror: searches, histories, segments, our own records of customers,
-- the ledger of stock movements.
--
-- Rows of before: generated columns are computed for them here. The plain new columns of products stay
-- empty until the product arrives again or is read by a backfill (`wasl stores backfill`); a filter by
-- category does not find such rows until then.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- One spelling for what people write in many ways: alef with any hamza is an alef, ta marbuta a ha, alef
-- maqsura a ya, Latin letters lose case and accents, digits are 0-9; punctuation becomes a space; what comes
-- last in the first list (diacritics, tatweel, direction marks) has no counterpart and is dropped.
-- The rule is that of core/domain/arabic.py; a test compares the two.
CREATE FUNCTION wasl_fold(spelling text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN btrim(regexp_replace(translate(spelling,
        'أإآٱٲٳ'
        || 'ؤۆۇۈۋ'
        || 'ئىیې'
        || 'ةہھەۀۃ'
        || 'کڪ'
        || 'ÀÁÂÃÄÅàáâãäå'
        || 'Çç'
        || 'ÈÉÊËèéêë'
        || 'Ğğ'
        || 'ÌÍÎÏìíîïİı'
        || 'Ññ'
        || 'ÒÓÔÕÖØòóôõöø'
        || 'Şş'
        || 'ÙÚÛÜùúûü'
        || 'ÝŸýÿ'
        || 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
        || '٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹'
        || U&'\0009\000A\000B\000C\000D\0085\00A0\202F\2007\3000\0021\0022\0023\0024\0025\0026\0027\0028\0029\002A'
        || U&'\002B\002C\002D\002E\002F\003A\003B\003C\003D\003E\003F\0040\005B\005C\005D\005E\005F\0060\007B\007C'
        || U&'\007D\007E\060C\061B\061F\066A\066B\066C\06D4\00AB\00BB\201C\201D\2018\2019\2026\2013\2014'
        || U&'\0300\0301\0302\0303\0304\0305\0306\0307\0308\0309\030A\030B\030C\030D\030E\030F\0310\0311\0312\0313'
        || U&'\0314\0315\0316\0317\0318\0319\031A\031B\031C\031D\031E\031F\0320\0321\0322\0323\0324\0325\0326\0327'
        || U&'\0328\0329\032A\032B\032C\032D\032E\032F\0330\0331\0332\0333\0334\0335\0336\0337\0338\0339\033A\033B'
        || U&'\033C\033D\033E\033F\0340\0341\0342\0343\0344\0345\0346\0347\0348\0349\034A\034B\034C\034D\034E\034F'
        || U&'\0350\0351\0352\0353\0354\0355\0356\0357\0358\0359\035A\035B\035C\035D\035E\035F\0360\0361\0362\0363'
        || U&'\0364\0365\0366\0367\0368\0369\036A\036B\036C\036D\036E\036F\0610\0611\0612\0613\0614\0615\0616\0617'
        || U&'\0618\0619\061A\0621\0640\064B\064C\064D\064E\064F\0650\0651\0652\0653\0654\0655\0656\0657\0658\0659'
        || U&'\065A\065B\065C\065D\065E\065F\0670\06D6\06D7\06D8\06D9\06DA\06DB\06DC\06DF\06E0\06E1\06E2\06E3\06E4'
        || U&'\06E7\06E8\06EA\06EB\06EC\06ED\00AD\200B\200C\200D\200E\200F\202A\202B\202C\202D\202E\2066\2067\2068'
        || U&'\2069\FEFF',
        'اااااا'
        || 'ووووو'
        || 'يييي'
        || 'هههههه'
        || 'كك'
        || 'aaaaaaaaaaaa'
        || 'cc'
        || 'eeeeeeee'
        || 'gg'
        || 'iiiiiiiiii'
        || 'nn'
        || 'oooooooooooo'
        || 'ss'
        || 'uuuuuuuu'
        || 'yyyy'
        || 'abcdefghijklmnopqrstuvwxyz'
        || '01234567890123456789'
        || repeat(' ', 58)),
    ' +', ' ', 'g'), ' ');

-- Whether an order counts as bought: the rule of core/domain/customer_facts.py; a test compares the two.
ALTER TABLE mirror_orders
    ADD COLUMN counts boolean GENERATED ALWAYS AS (
        NOT deleted
        AND coalesce(status, '') NOT IN
            ('cancelled', 'reversed', 'failed', 'refunded', 'chargeback', 'expired', 'voided', 'denied')
        AND coalesce(payment_status, '') NOT IN ('refunded', 'voided')
    ) STORED;

-- Category ids in one text, separated by commas: bulk writes carry one value per row and column.
ALTER TABLE mirror_products
    ADD COLUMN sale_price numeric,
    ADD COLUMN category_ids text,
    ADD COLUMN created_at timestamptz;
ALTER TABLE mirror_products
    ADD COLUMN asking_price numeric GENERATED ALWAYS AS (coalesce(nullif(sale_price, 0), price)) STORED,
    ADD COLUMN search_text text GENERATED ALWAYS AS (
        wasl_fold(coalesce(name_ar, '') || ' ' || coalesce(name_en, '') || ' ' || coalesce(sku, ''))
    ) STORED;

ALTER TABLE mirror_customers
    ADD COLUMN city_folded text GENERATED ALWAYS AS (wasl_fold(city)) STORED,
    ADD COLUMN search_text text GENERATED ALWAYS AS (
        wasl_fold(coalesce(name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(mobile, ''))
    ) STORED;

CREATE TABLE customer_records (
    store_id     bigint NOT NULL,
    customer_id  text NOT NULL,
    preferences  jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(preferences) = 'object'),
    notes        text NOT NULL DEFAULT '',
    tags         text[] NOT NULL DEFAULT '{}',
    updated_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store_id, customer_id)
);

-- `rule` as it was written: it is read anew each time, so that the grammar may grow.
CREATE TABLE segments (
    segment_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL,
    name         text NOT NULL,
    rule         text NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now(),
    UNIQUE (store_id, name)
);
CREATE INDEX segments_by_store ON segments (store_id, segment_id);

-- Written with the `inventory.changed` event that says it; kept when the event is pruned.
-- Quantities are null where they were unknown or infinite.
CREATE TABLE stock_movements (
    movement_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    store_id     bigint NOT NULL,
    event_id     uuid NOT NULL UNIQUE,
    product_id   text NOT NULL,
    variant_id   text,
    at           timestamptz NOT NULL,
    before       bigint,
    after        bigint,
    delta        bigint,
    infinite     boolean NOT NULL
);
CREATE INDEX stock_movements_by_store ON stock_movements (store_id, movement_id);
CREATE INDEX stock_movements_by_product ON stock_movements (store_id, product_id, movement_id);
