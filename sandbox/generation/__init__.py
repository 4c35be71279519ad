"""Made-up stores and what they own, shaped as Zid's own answers, from a seeded generator."""
