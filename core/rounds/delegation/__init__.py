"""A tenant's own side of money that is entrusted: its acts, how the ledger answered, and the round it was put into.

The ledger itself stands in `public` (`tenants.office.delegation`). This side is part of rounds: an offer is a part of
one of their pots, and accepted money becomes one of their sources; results are handed in by whoever knows them.
"""
