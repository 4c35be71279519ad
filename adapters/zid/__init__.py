"""Zid over HTTP: the Merchant API and the OAuth server."""
