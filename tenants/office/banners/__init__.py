"""A few words from the national team on every page of one tenant, or of all."""
