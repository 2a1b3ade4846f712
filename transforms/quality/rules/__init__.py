"""Row rules: facts about one row for which it is refused, as vectorised expressions."""
