"""Errors, files, progress, processes: what every other folder stands on."""
