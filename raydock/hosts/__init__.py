"""Other Docker hosts: their names, connections to their engines, image transfer and smoke tests."""
