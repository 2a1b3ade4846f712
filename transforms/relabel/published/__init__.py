"""Criteria and preferences of the published OmniRewardData, matched to source pairs."""
