"""A corpus where it really is, held against what its adapter expects, by a look at little of it."""
