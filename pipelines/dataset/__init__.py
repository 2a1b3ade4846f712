"""Reading a dataset: a folder that was built, or a version of it on the Hub."""
