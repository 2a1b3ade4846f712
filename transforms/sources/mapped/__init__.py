"""Any corpus by recipe: its columns mapped to prompt, responses, preference and media."""
