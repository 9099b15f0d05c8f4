"""Which modules may be used where, and wishes for modules that are not there yet."""
