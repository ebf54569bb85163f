"""Errors, files, progress, processes and other basics that every folder uses."""
