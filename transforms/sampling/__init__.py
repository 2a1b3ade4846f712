"""Stage `sampling`: which drafts go on, and the last trim to exactly N."""
