"""Criteria of origin `measured`: true by measurement, for subsets of their own; gold questions."""
