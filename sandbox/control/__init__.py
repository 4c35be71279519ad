"""The control API under /__sandbox/: what tests and people do to the world, and what they ask about it."""
