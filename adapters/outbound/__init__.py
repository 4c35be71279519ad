"""Asking addresses that people have configured: public ones alone, whatever their names resolve to."""
