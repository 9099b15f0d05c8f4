"""What the national team publishes for all: guidance, policies, agreements and assurance, each with its versions."""
