-- Fills what 0005 added to products (sale price, categories, time of creation) from the stored documents:
-- a backfill does not touch a product that has not changed since, so these rows would stay without.
-- A document that cannot be read is left as it is; the product's next change fills it.

CREATE FUNCTION wasl_fill_product(product mirror_products) RETURNS void LANGUAGE plpgsql SET timezone TO 'UTC' AS $$
DECLARE
    document jsonb;
BEGIN
    document := convert_from(product.body, 'UTF8')::jsonb;
    document := CASE WHEN document ? 'id' THEN document ELSE coalesce(document -> 'data', document -> 'product') END;
    UPDATE mirror_products SET
        sale_price = round(nullif(document ->> 'sale_price', '')::numeric, 4),
        created_at = nullif(document ->> 'created_at', '')::timestamptz,
        category_ids = (SELECT string_agg(category ->> 'id', ',' ORDER BY place)
                        FROM jsonb_path_query(document, '$.categories[*]') WITH ORDINALITY AS c (category, place))
    WHERE store_id = product.store_id AND entity_id = product.entity_id;
EXCEPTION WHEN data_exception THEN
    NULL;
END $$;

SELECT wasl_fill_product(p) FROM mirror_products p
WHERE NOT deleted AND body IS NOT NULL AND sale_price IS NULL AND category_ids IS NULL AND created_at IS NULL;

DROP FUNCTION wasl_fill_product(mirror_products);
