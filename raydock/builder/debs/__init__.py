"""Debian packages of bases and groups, locked by apt's solver.

They are stored as files and installed exactly as locked.
"""
