"""Runs the probe in an image, on CPU or GPUs."""
