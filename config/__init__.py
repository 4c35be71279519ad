"""Settings, wiring and logging: the only place that sees core and adapters together."""
