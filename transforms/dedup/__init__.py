"""Stage `dedup`: duplicates, groups, contradictions, and copies of benchmark items."""
