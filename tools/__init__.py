"""Programs for maintainers.

`refresh_NAME.py` reads the source of a dated table again (see CONTRIBUTING.md).
"""
