"""Money that one tenant entrusts to another: a ledger in `public` that is exact to the penny and only grows."""
