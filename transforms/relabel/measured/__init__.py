"""Criteria of origin `measured`: true by measurement, in subsets of their own, and gold questions."""
