"""Check a folder of wheels, and make a lock that fixes it."""
