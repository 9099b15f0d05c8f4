"""How a council or group settles in: its own list of what to do first, what it adopts and accepts, and whom it invites.

It stands above rounds, projects and notices, since the first list ends with a practice round and begins with a message
to the first officer.
"""
