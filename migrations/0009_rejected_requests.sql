-- Requests to a webhook's address that were not taken in: for a person who asks why. Never their bodies.
CREATE TABLE rejected_requests (
    rejection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at  timestamptz NOT NULL,
    reason       text NOT NULL,
    -- Known where the address names it; the credentials may have been wrong.
    store_id     bigint,
    topic        text NOT NULL,
    -- Bytes as announced by Content-Length.
    size         bigint
);
CREATE INDEX rejected_requests_by_time ON rejected_requests (received_at);
CREATE INDEX rejected_requests_by_store ON rejected_requests (store_id, rejection_id) WHERE store_id IS NOT NULL;
