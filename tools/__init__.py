"""Programs for the maintainers: `refresh_NAME.py` reads the source of a dated table again (docs in
CONTRIBUTING.md)."""
