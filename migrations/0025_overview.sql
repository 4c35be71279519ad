-- What the console's overview shows without counting: slow counts as a scheduler made them last.
CREATE TABLE bulletins (
    name       text PRIMARY KEY,
    posted_at  timestamptz NOT NULL,
    content    text NOT NULL
);
