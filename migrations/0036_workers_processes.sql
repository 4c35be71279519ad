-- Which process of which machine a worker is: who starts there after it was killed can tell that it is gone.
-- Empty for workers of the release before, whose leases run out as they always did.
ALTER TABLE workers ADD COLUMN process text NOT NULL DEFAULT '';
