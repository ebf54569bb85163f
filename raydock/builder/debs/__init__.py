"""Debian packages of bases and groups: locked by apt's solver, stored as files, installed exactly as locked."""
