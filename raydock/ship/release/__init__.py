"""What was published to a registry: everything that `pick`, `deploy` and a catalog page need."""
