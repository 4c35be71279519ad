-- The app's own tables, beside Wasl's. `wasl_app` is the role the processes use.
CREATE TABLE IF NOT EXISTS courier_bookings (
    booking_key text PRIMARY KEY, store_id bigint NOT NULL, order_id text NOT NULL, city text,
    booked_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS stock_notes (
    note_key text PRIMARY KEY, store_id bigint NOT NULL, product_id text NOT NULL, delta bigint,
    noted_at timestamptz NOT NULL DEFAULT now()
);
