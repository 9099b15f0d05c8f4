"""Groups that ask for a space of their own, and links between a group and a council."""
