"""Checks of a Docker host: its engine, its kernel, its driver and its network."""
