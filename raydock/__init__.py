"""raydock builds, proves and publishes container images for Ray clusters on GPUs."""

__version__ = "0.1.0"
