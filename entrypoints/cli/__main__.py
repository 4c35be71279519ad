"""`wasl` for processes that start further ones with their own interpreter."""

from entrypoints.cli import main

main()
