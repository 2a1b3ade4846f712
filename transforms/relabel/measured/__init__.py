"""Criteria of origin `measured`: true by measurement; and gold questions for judges."""
