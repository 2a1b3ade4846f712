"""Plumbing that every stage's composite uses: coder, threads, files, commits, progress."""
