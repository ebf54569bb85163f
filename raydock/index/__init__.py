"""The package index: its address, credentials, pages, releases and advisories."""
