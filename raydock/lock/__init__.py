"""Locks: the request to a resolver, the local index that serves them, the committed files, and their audit."""
