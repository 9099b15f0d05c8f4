"""Signing in with the national provider: plain OpenID Connect, so that any provider can stand behind it.

`flow.begin` sends a browser away, `flow.finish` takes it back; `realm` keeps a Keycloak as the realm files and the
registry say. Nothing else of the service knows Authlib, joserfc or python-keycloak.
"""
