"""The national console. It stands in the national site's own schema and in the registry, whose database roles read no
tenant's tables: what it shows are registry rows and what tenants have signed."""
