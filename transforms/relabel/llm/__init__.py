"""Asking language models: many questions, each answered once, paid once, within a budget."""
