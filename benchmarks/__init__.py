"""Benchmarks of raydock: each bench also measures a peer's way in the same run."""
