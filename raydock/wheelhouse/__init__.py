"""Check a folder of wheels that was collected by hand, and make a lock that fixes it."""
