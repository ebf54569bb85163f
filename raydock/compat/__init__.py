"""Dated facts with their sources: breakages, drivers, GPUs, CUDA names, wheel tags."""
