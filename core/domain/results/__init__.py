"""What Zid's answers say, as clean values; `raw` keeps all that was sent."""
