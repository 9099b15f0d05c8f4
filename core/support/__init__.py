"""A tenant's own side of support access: who granted it, who came in, and every page they looked at."""
