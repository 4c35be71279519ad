"""The service's parts, a module for each: which adapters stand behind its ports, and what its features are given."""
