"""Pipelines for CI systems, and the commands of their jobs."""
