"""The origin `llm`: a generator proposes criteria, judges verify them blind, consensus decides."""
