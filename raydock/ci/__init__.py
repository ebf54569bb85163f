"""Pipelines for CI systems, and what their jobs ask."""
