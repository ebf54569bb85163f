"""The data of raydock and its files: variants, matrix, facts, locks. It uses no engine and no network."""
