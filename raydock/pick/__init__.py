"""Which image a host can run."""
