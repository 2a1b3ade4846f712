"""Stage `writing`: the canonical shards and dead letters of a subset."""
