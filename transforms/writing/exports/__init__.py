"""Exports: a dataset in the files that trainers read. One module a format, listed in `registry`."""
