"""Decontamination: fingerprints of benchmarks, and the rows that copy their items."""
