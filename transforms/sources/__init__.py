"""Stage `sources`: native records of a corpus become drafts of preference pairs."""
