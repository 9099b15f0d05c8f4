"""Keycloak's realms as code: what they are to be (`*.toml`), and the commands that make and keep them so.

`service.py` is the way in: `realm_plan`, `realm_apply`, `realm_verify` for the operator, `step.py` for a new tenant.
"""
