"""The API for programs: reads a request into a value, asks a feature or port, renders the answer."""
