"""Other Docker hosts: names, connections, image transfer and smoke tests."""
