"""The Docker engine: its client, image identity, containers, GPU access."""
