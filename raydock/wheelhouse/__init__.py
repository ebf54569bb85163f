"""A folder of wheels that somebody carried in by hand: what is wrong with it, and the lock that puts it right."""
