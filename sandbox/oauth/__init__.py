"""oauth.zid.sa: authorize, consent, and the token endpoint with its documented quirks."""
