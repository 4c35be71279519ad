"""The console: a person watches stores, ledger and events."""
