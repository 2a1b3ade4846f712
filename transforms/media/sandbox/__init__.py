"""Decoding where a crash, a hang or hunger for memory costs one medium and not the run."""
