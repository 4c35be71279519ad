"""The world of the sandbox: stores, what they own, who may read it, and what is still to be delivered."""
