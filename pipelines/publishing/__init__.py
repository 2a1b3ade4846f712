"""Publication of a built dataset to the Hub: plan, upload, one commit, a tag, and a look back."""
