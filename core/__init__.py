"""The rules of Wasl: pure, and importable without any driver, server or clock."""
