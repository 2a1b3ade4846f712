"""First floor: one folder a stage, pure functions in plain modules and a thin composite."""
