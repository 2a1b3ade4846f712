"""Top floor: what a person runs."""
