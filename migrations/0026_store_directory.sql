-- Stores are found by the beginnings of their title's words, in any spelling, and by their id. Each word has a space
-- in front of it. The table is small: it is rewritten within a moment.
ALTER TABLE stores ADD COLUMN search_text text
    GENERATED ALWAYS AS (' ' || wasl_fold(title || ' ' || store_id::text)) STORED;

CREATE INDEX stores_by_words ON stores USING gin (search_text gin_trgm_ops);
CREATE INDEX stores_by_state ON stores (state, store_id);
CREATE INDEX stores_paused ON stores (store_id) WHERE paused_at IS NOT NULL;
