"""Text of whole columns: its canonical form, and marks of damage."""
