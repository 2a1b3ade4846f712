"""The tests as a package, so that `tests.hub_server` has one name wherever it is imported."""
