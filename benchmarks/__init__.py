"""What raydock is measured against: each bench runs a peer's way in the same run."""
