"""Zid's Merchant API with its two families: managers (Laravel) and products (Django REST)."""
