"""Audits of a built dataset: one module each, found by name, with an `AUDIT` in it.

A new one is a new file here and an entry under `quality.audits.checks` of the recipe.
"""
