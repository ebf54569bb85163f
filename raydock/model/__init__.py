"""Values and their parsing: variant, matrix, facts, lock. Knows no engine and no network."""
