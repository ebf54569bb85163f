"""The rules that decide which points of the matrix can exist.

A verdict has a reason and the fact behind it.
"""
