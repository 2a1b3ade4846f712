"""The commands of `omnireward`, by subject; each imports what it needs when it is called."""
