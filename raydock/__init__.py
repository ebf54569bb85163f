"""raydock builds, tests and publishes container images for Ray clusters on GPU hosts."""

__version__ = "0.2.0"
