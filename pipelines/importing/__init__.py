"""The published OmniRewardData as a dataset in the unified schema."""
