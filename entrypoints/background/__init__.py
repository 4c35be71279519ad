"""What a scheduler does, a module for each kind of work. Each makes its loops of an opened process, by `loops`."""
