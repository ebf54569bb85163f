"""Dated knowledge with its sources: breakages, drivers, GPUs, CUDA names, wheel tags."""
