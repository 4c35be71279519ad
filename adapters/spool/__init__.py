"""Deliveries in local files while the database is away: sealed, checksummed, fsynced in groups."""
