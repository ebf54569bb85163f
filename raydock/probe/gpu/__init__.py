"""The checks that need a GPU; each imports only what it checks."""
