"""What one process knows by itself."""
