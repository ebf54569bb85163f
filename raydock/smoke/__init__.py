"""Smoke tests: run the probe in an image, on CPU or GPUs."""
