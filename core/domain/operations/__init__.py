"""What Zid can be asked: one frozen value per operation, with what is known about it."""
