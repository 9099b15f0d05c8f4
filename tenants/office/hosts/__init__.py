"""Addresses of a tenant's own, and mail in its name: both used only while the domain's records prove them."""
