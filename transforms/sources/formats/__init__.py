"""Readers of the file formats in which corpora are published, in work units."""
