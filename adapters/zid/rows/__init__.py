"""The table of routes, by noun. Paths, bodies and answers: docs.zid.sa and Zid's official SDK; nothing is guessed."""
