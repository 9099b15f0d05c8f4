"""Signing in with the national provider: plain OpenID Connect, so that any provider can stand behind it.

`begin` sends a browser away, `finish` takes it back. Nothing else of the service knows Authlib or joserfc.
"""

from core.people.sso.flow import Attempt, Begun, begin, finish

__all__ = ["Attempt", "Begun", "begin", "finish"]
