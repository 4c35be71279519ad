"""Local files: what may not wait for the database, and what a restored database has to be told."""
