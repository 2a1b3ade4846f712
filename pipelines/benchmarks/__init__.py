"""Fingerprints of benchmarks: from files in whatever layout to hashes of their items."""
