"""A stand-in for Zid: same paths, same quirks, made-up stores. Shares no code with the service it is used against.

Entry points are in `sandbox.server`: `serve(settings)`, `start(settings)`, `create_app(settings)`.
"""
