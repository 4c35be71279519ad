"""What traces are made of on their way through ports, whoever collects them; and no traces at all."""
