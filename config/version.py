"""The version this process runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def running_version() -> str:
    """The installed version; `checkout` where the tree runs without being installed."""
    try:
        return version("wasl")
    except PackageNotFoundError:
        return "checkout"
