"""Test which of the newest sets of versions work."""
