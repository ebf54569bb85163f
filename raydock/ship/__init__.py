"""From an image to a host: which image a host can run."""
