-- In which trace an event came in: a W3C traceparent, so that whatever handles it goes on that trace. Null where nobody
-- traces, and for events of a release that did not. It tells nothing of anybody.
ALTER TABLE events ADD COLUMN trace text;
