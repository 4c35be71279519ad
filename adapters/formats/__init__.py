"""How a thing is written where several adapters keep it."""
