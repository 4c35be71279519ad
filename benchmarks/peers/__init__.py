"""What a user would pick instead, with its documented production settings, in environments of its own."""
