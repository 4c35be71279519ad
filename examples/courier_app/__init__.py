"""A small app on Wasl: books a courier when an order becomes ready, and counts sold stock.

Run it with `WASL_HANDLERS=examples.courier_app.handlers make up`.
"""
