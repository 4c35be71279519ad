"""The HTTP entrypoint: Zid's webhooks, the install, the API, the console. Parses and renders; decides nothing."""
