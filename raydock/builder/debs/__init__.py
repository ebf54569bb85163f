"""Debian packages of bases and groups: locked by apt's own solver, kept as files, installed exactly as locked."""
