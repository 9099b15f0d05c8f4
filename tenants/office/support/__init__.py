"""Support access as both sides see it: asked for by the national team, granted and ended by the tenant."""
