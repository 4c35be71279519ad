"""Zid's Merchant API, read side, with its two families: managers (Laravel) and products (Django REST)."""
