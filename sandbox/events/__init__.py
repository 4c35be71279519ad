"""What happens in a store, and which webhooks and app events follow."""
